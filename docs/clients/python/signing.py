"""Signed bytes: DSSE envelopes over canonical JSON, by Ed25519 keys."""

import base64
import json
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from discrepancy import Discrepancy, must

PAYLOAD_TYPE = "application/vnd.aqueduct.operation+json"


def public_key(key: Ed25519PrivateKey) -> str:
    """The public key as the server writes it; it is also the key id in an envelope."""
    return "ed25519:" + key.public_key().public_bytes_raw().hex()


def signing_bytes(payload: bytes) -> bytes:
    """What a key signs: not the payload alone but its DSSE pre-authentication encoding, so that
    no other kind of document can ever pass for an operation."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def envelope(payload: bytes, keys: list[Ed25519PrivateKey]) -> str:
    """The payload with a signature by each key, as `operationSubmit` takes it."""
    to_sign = signing_bytes(payload)
    return json.dumps(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {"keyid": public_key(key), "sig": base64.b64encode(key.sign(to_sign)).decode()} for key in keys
            ],
        }
    )


def read_canonical(octets: bytes) -> dict[str, Any]:
    """Reads JSON that must be in its one canonical form (RFC 8785). Bytes in another form, with
    a field twice or a space too many, could mean one thing here and another thing elsewhere."""
    value = json.loads(octets)
    must(rfc8785.dumps(value) == octets, "the bytes are not canonical JSON")
    return value


def open_entry(entry: bytes) -> tuple[bytes, list[str]]:
    """Checks every signature of an entry's envelope; gives the payload and who signed it."""
    sealed = read_canonical(entry)
    must(sealed["payloadType"] == PAYLOAD_TYPE, "the envelope holds something else than an operation")
    payload = base64.b64decode(sealed["payload"], validate=True)
    signers = [signature["keyid"] for signature in sealed["signatures"]]
    must(len(signers) >= 1 and signers == sorted(set(signers)), "signatures are one for each key, in order of key id")
    for signature in sealed["signatures"]:
        algorithm, _, digits = signature["keyid"].partition(":")
        must(algorithm == "ed25519", f"there is no algorithm {algorithm}")
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits))
        try:
            key.verify(base64.b64decode(signature["sig"], validate=True), signing_bytes(payload))
        except InvalidSignature:
            raise Discrepancy(f"the signature by {signature['keyid']} does not hold") from None
    return payload, signers
