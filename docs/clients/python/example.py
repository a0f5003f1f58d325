"""Sends money with one's own key, follows it, reads a statement and verifies everything.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python example.py          beside a running `aqueduct demo`

AQUEDUCT_URL is the server (http://127.0.0.1:8080 if unset), AQUEDUCT_LOGINS the file
demo-logins.json (in aqueduct-data of this repository if unset). It can be run again and again.
Whatever does not agree ends it with exit code 1 and a sentence.
"""

import base64
import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connection import Connection, new_operation_id
from discrepancy import Discrepancy, must
from proof import TreeHead, list_root, open_checkpoint
from signing import envelope, open_entry, public_key, read_canonical, signing_bytes
from verifying import altered, check_continues, check_entry, check_statement, must_fail

URL = os.environ.get("AQUEDUCT_URL", "http://127.0.0.1:8080")
LOGINS = os.environ.get("AQUEDUCT_LOGINS", Path(__file__).parents[3] / "aqueduct-data" / "demo-logins.json")
AMOUNT = "1.00"
CURRENCY = "KES"


def main() -> None:
    registrar, cashier, receiver = (
        login("registrar", "Civil Registry"),
        login("cashier", "National Treasury"),
        login("cashier", "Highland Finance Bureau"),
    )
    # 1. Connect. Take the log's key from somebody you trust and keep it. Here, for want of
    # better, it is the server's own word at first sight.
    at_registry, at_treasury, at_bureau = (Connection(URL, who["token"]) for who in (registrar, cashier, receiver))
    public = Connection(URL)
    log = public.ask("{ log { chainId verifierKey head { checkpoint } } }")["log"]
    chain, log_key = log["chainId"], log["verifierKey"]
    before = open_checkpoint(log["head"]["checkpoint"], log_key)
    print(f"The log of chain {chain[:16]} has {before.size} entries, signed by {log_key.split('+')[0]}.")

    # 2. Make a key that never leaves this process, and let the registrar register it.
    key = Ed25519PrivateKey.generate()
    at_registry.do(
        """mutation ($input: KeyRegisterInput!) { keyRegister(input: $input) {
            key { publicKey } userErrors { field message code } } }""",
        input={
            "operationId": new_operation_id(),
            "party": cashier["partyId"],
            "officer": cashier["officerId"],
            "publicKey": public_key(key),
            "custody": "HOLDER",
            "roles": ["DISPATCHER"],
        },
    )
    print(f"The cashier's own key is {public_key(key)[:24]}...")

    # 3. Follow the log from where it was, and lose the connection after the first message.
    (first,) = recorded(at_treasury, after=before.size - 1, until=lambda _: True)
    must(first["index"] == str(before.size), "the first message is not the entry that came next")
    print(f"Heard of {first['kind']} as entry {first['index']}; then the connection broke.")

    # 4. Send money with the own key: draft, read, sign, submit.
    sent, draft = dispatch(at_treasury, chain, cashier, receiver, key)
    print(f"{AMOUNT} {CURRENCY} sent as entry {sent}, signed with the own key.")

    # 5. The receiver acknowledges it, with a key that the server keeps for that officer.
    hop = {"operation": draft["operationId"], "digest": draft["payloadDigest"], "output": 0}
    answer = at_bureau.do(
        """mutation ($input: HopAcknowledgeInput!) { hopAcknowledge(input: $input) {
            entry { index } hop { state shortfall { amount } programme { code } cycle }
            userErrors { field message code } } }""",
        input={
            "operationId": new_operation_id(),
            "hopReference": hop,
            "arrived": {"amount": AMOUNT, "currency": CURRENCY},
        },
    )
    must(answer["hop"]["state"] == "ACKNOWLEDGED", "the hop is not acknowledged")
    must(Decimal(answer["hop"]["shortfall"]["amount"]) == 0, "something is missing of what was sent")
    arrived = answer["entry"]["index"]
    print(f"Acknowledged as entry {arrived}: nothing is missing.")

    # 6. Go on following after the last message that was seen. Nothing is lost or told twice.
    rest = recorded(at_treasury, after=int(first["index"]), until=lambda entry: entry["index"] == arrived)
    heard = [int(entry["index"]) for entry in rest]
    must(heard == list(range(before.size + 1, int(arrived) + 1)), f"the subscription skipped or repeated: {heard}")
    print(f"Resumed the subscription: entries {heard[0]} to {heard[-1]}, each once.")

    # 7. Read a statement and add it up.
    programme, cycle = answer["hop"]["programme"]["code"], answer["hop"]["cycle"]
    total = check_statement(at_treasury, programme, cycle)
    print(f"The statement of {programme} {cycle} adds up on both sides to {total} {CURRENCY}.")

    # 8. Verify, from the bytes alone: signatures, places in the log, and that the log of now
    # continues the log of before.
    note = public.ask("{ log { head { checkpoint } } }")["log"]["head"]["checkpoint"]
    now = open_checkpoint(note, log_key)
    check_continues(public, before, now)
    for index, party in ((sent, cashier), (arrived, receiver)):
        payload = check_entry(at_treasury, index, party["partyId"], now)
        must(payload["chain"] == chain, "the entry is of another chain")
    print(f"Entries {sent} and {arrived} are signed and in the log; its {now.size} entries continue the {before.size}.")
    # A check that cannot fail shows nothing.
    must_fail(lambda: open_checkpoint(note.replace(f"\n{now.size}\n", f"\n{now.size + 1}\n"), log_key))
    must_fail(lambda: check_continues(public, TreeHead(before.size, now.root), now))
    must_fail(lambda: check_entry(at_treasury, sent, receiver["partyId"], now))
    must_fail(lambda: check_entry(at_treasury, sent, cashier["partyId"], TreeHead(now.size, before.root)))
    must_fail(lambda: open_entry(altered(at_treasury, sent)))
    print("A changed checkpoint, log, signer, place or byte is found.")

    # 9. A key that is not needed any more is revoked.
    at_treasury.do(
        """mutation ($input: KeyRevokeInput!) { keyRevoke(input: $input) {
            key { revokedBy { index } } userErrors { field message code } } }""",
        input={"operationId": new_operation_id(), "key": public_key(key), "reason": "the example is over"},
    )
    print("The own key is revoked. All checks passed.")


def login(officer: str, party: str) -> dict[str, Any]:
    """An officer of the demonstration, with the bearer token."""
    for known in json.loads(Path(LOGINS).read_text()):
        if (known["officer"], known["party"]) == (officer, party):
            return known
    raise Discrepancy(f"{LOGINS} has no {officer} of {party}")


def recorded(at: Connection, after: int, until: Callable[[dict], bool]) -> list[dict[str, Any]]:
    """Entries as they are recorded, from the one after this place on."""
    document = "subscription ($after: LogIndex) { entryRecorded(after: $after) { index kind } }"
    return at.follow(document, until, after=str(after))


def dispatch(at: Connection, chain: str, sender: dict, to: dict, key: Ed25519PrivateKey) -> tuple[str, dict]:
    """Sends AMOUNT with one's own key; gives its place in the log and the draft."""
    held = at.ask(
        """query ($holder: ID!) { tokens(filter: { holder: $holder, state: HELD }, first: 100) { nodes {
            id amount { amount currency } reference { operation digest output } } } }""",
        holder=sender["partyId"],
    )["tokens"]["nodes"]
    enough = [t for t in held if Decimal(t["amount"]["amount"]) >= 1 and t["amount"]["currency"] == CURRENCY]
    must(len(enough) > 0, "the treasury has no money left; begin a new demonstration")
    token = enough[0]

    operation_id = new_operation_id()
    draft = at.do(
        """mutation ($input: OperationDraftInput!) { operationDraft(input: $input) {
            draft { operationId payload payloadDigest signingBytes lines } userErrors { field message code } } }""",
        input={
            "tokenDispatch": {
                "operationId": operation_id,
                "token": token["id"],
                "currency": CURRENCY,
                "outputs": [{"to": to["partyId"], "amount": AMOUNT}],
            }
        },
    )["draft"]

    # Do the bytes say what is meant? What you sign binds you, whatever the page or program
    # beside it says. Amounts in signed bytes are whole numbers of the smallest unit.
    minor = AMOUNT.replace(".", "")
    payload = base64.b64decode(draft["payload"])
    stated = read_canonical(payload)
    times = {name: stated[name] for name in ("issuedAt", "expiresAt")}
    must(
        stated
        == {
            "chain": chain,
            "id": operation_id,
            "kind": "TOKEN_DISPATCH",
            "version": 1,
            "basis": "OWN",
            "party": sender["partyId"],
            "body": {"currency": CURRENCY, "keep": [], "token": token["reference"]},
            "list": {"count": 1, "total": minor, "root": list_root(operation_id, draft["lines"]).hex()},
            **times,
        },
        f"these bytes say something else than was meant: {stated}",
    )
    # Beside the payload, under its root: a salt, the receiver, the amount, and six fields that
    # are empty here (deductions, purpose, earlier cycle, payment, provider, commitment).
    (line,) = draft["lines"]
    _salt, *fields = line.split("\t")
    must(fields == [to["partyId"], minor, "", "", "", "", "", ""], f"this line says something else: {line}")
    must(base64.b64decode(draft["signingBytes"]) == signing_bytes(payload), "these are not the bytes to sign")

    document = """mutation ($input: OperationSubmitInput!) { operationSubmit(input: $input) {
        entry { index } operation { status } replayed userErrors { field message code } } }"""
    signed = {"operationId": operation_id, "envelope": envelope(payload, [key]), "lines": "\n".join(draft["lines"])}
    done = at.do(document, input=signed)
    must(done["operation"]["status"] == "RECORDED", f"the dispatch is {done['operation']['status']}")
    # If no answer had come, one would send the same again: it is recorded once.
    again = at.do(document, input=signed)
    must(again["replayed"] and again["entry"] == done["entry"], "a retry was recorded twice")
    return done["entry"]["index"], draft


if __name__ == "__main__":
    try:
        main()
    except (Discrepancy, OSError) as found:
        # OSError: no server at that address, no such file.
        sys.exit(f"{type(found).__name__}: {found}")
