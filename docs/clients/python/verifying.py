"""What is checked of a server's answers: sums, signatures, places in the log."""

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any

from connection import Connection, new_operation_id
from discrepancy import Discrepancy, must
from proof import TreeHead, check_consistency, check_inclusion, list_root
from signing import open_entry, read_canonical


def check_statement(at: Connection, programme: str, cycle: str) -> Decimal:
    """Reads where the money of a programme and cycle is; gives what both sides add up to."""
    classes = "held inTransit overdue booked confirmed deducted returned disputed unaccounted".split()
    fields = " ".join(f"{name} {{ amount currency }}" for name in ["allocated", "surplus", *classes])
    document = f"query ($filter: MoneyFilter!) {{ statement(filter: $filter) {{ {fields} }} }}"
    statement = at.ask(document, filter={"programme": programme, "cycle": cycle})["statement"]
    must(len({money["currency"] for money in statement.values()}) == 1, "the statement mixes currencies")
    # Decimal, never float: 0.1 + 0.2 is not 0.3 in floating point.
    amount = {name: Decimal(money["amount"]) for name, money in statement.items()}
    origin, whereabouts = amount["allocated"] + amount["surplus"], sum(amount[name] for name in classes)
    must(origin == whereabouts, f"the statement does not add up: {origin} is not {whereabouts}")
    return origin


def check_continues(at: Connection, before: TreeHead, now: TreeHead) -> None:
    """Whether nothing that the earlier log held was changed since."""
    document = """query ($first: LogIndex!, $second: LogIndex!) {
        log { consistencyProof(first: $first, second: $second) { hashes } } }"""
    proof = at.ask(document, first=str(before.size), second=str(now.size))["log"]["consistencyProof"]
    check_consistency(before, now, [bytes.fromhex(digest) for digest in proof["hashes"]])


def check_entry(at: Connection, index: str, party_id: str, head: TreeHead) -> dict[str, Any]:
    """Checks one entry from its bytes alone; gives what was signed."""
    answer = at.ask(
        """query ($index: LogIndex!, $size: LogIndex!, $party: ID!) {
            log { entry(index: $index) { envelope lines } inclusionProof(index: $index, treeSize: $size) { hashes } }
            party(id: $party) { keys { publicKey } } }""",
        index=index,
        size=str(head.size),
        party=party_id,
    )
    entry = base64.b64decode(answer["log"]["entry"]["envelope"])
    path = [bytes.fromhex(digest) for digest in answer["log"]["inclusionProof"]["hashes"]]
    # The log's leaf is the digest of the entry's bytes, so the log itself reveals nothing.
    check_inclusion(sha256(entry).digest(), int(index), head, path)
    octets, signers = open_entry(entry)
    payload = read_canonical(octets)
    must(payload["party"] == party_id, "somebody else signed this")
    registered = {known["publicKey"] for known in answer["party"]["keys"]}
    must(set(signers) <= registered, "it was signed by a key that is not the party's")
    if "list" in payload:
        root = list_root(payload["id"], answer["log"]["entry"]["lines"])
        must(payload["list"]["root"] == root.hex(), "the lines are not those that were signed")
    return payload


def altered(at: Connection, index: str) -> bytes:
    """An entry whose payload says another id than the one that was signed."""
    document = "query ($index: LogIndex!) { log { entry(index: $index) { envelope operationId } } }"
    entry = at.ask(document, index=index)["log"]["entry"]
    sealed = json.loads(base64.b64decode(entry["envelope"]))
    payload = base64.b64decode(sealed["payload"]).replace(entry["operationId"].encode(), new_operation_id().encode())
    sealed["payload"] = base64.b64encode(payload).decode()
    return json.dumps(sealed, separators=(",", ":")).encode()


def must_fail(check: Callable[[], Any]) -> None:
    """Makes sure that a check sees what is wrong."""
    try:
        check()
    except Discrepancy:
        return
    raise Discrepancy("a check did not see what was changed")
