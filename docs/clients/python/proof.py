"""Merkle trees and signed checkpoints: what shows that the log has an entry and lost none."""

import base64
import uuid
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from discrepancy import Discrepancy, must


@dataclass(frozen=True)
class TreeHead:
    """How many entries a log has, and the root hash over them."""

    size: int
    root: bytes


def hash_leaf(data: bytes) -> bytes:
    """RFC 6962, section 2.1: a leaf is hashed with a zero byte before it."""
    return sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """RFC 6962, section 2.1: an inner node is hashed with a one byte before it."""
    return sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf: bytes, index: int, head: TreeHead, path: list[bytes]) -> None:
    """Whether the log of this head has the leaf at this place (RFC 9162, section 2.1.3.2)."""
    must(0 <= index < head.size, "the log has no such place")
    fn, sn, root = index, head.size - 1, hash_leaf(leaf)
    for step in path:
        must(sn != 0, "the inclusion proof is too long")
        if fn & 1 or fn == sn:
            root = hash_children(step, root)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = hash_children(root, step)
        fn, sn = fn >> 1, sn >> 1
    must(sn == 0 and root == head.root, "the inclusion proof does not lead to the root")


def check_consistency(first: TreeHead, second: TreeHead, path: list[bytes]) -> None:
    """Whether the second log continues the first: nothing in it was changed, moved or taken
    out (RFC 9162, section 2.1.4.2)."""
    must(0 < first.size <= second.size, "the second log is smaller than the first")
    if first.size == second.size:
        must(first.root == second.root and not path, "two logs of one size have different roots")
        return
    if first.size & (first.size - 1) == 0:
        path = [first.root, *path]
    must(len(path) > 0, "the consistency proof is empty")
    fn, sn = first.size - 1, second.size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for step in path[1:]:
        must(sn != 0, "the consistency proof is too long")
        if fn & 1 or fn == sn:
            old, new = hash_children(step, old), hash_children(step, new)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = hash_children(new, step)
        fn, sn = fn >> 1, sn >> 1
    must(sn == 0 and old == first.root and new == second.root, "the second log does not continue the first")


def open_checkpoint(note: str, verifier_key: str) -> TreeHead:
    """Reads a signed checkpoint: three lines of text, an empty line, signatures (C2SP
    tlog-checkpoint and signed-note). Only the signature by the log's own key counts here."""
    origin, key_hash, encoded = verifier_key.split("+", 2)
    key = base64.b64decode(encoded)
    must(sha256(origin.encode() + b"\n" + key).digest()[:4].hex() == key_hash, "the verifier key is damaged")
    must(key[:1] == b"\x01", "the log's key is of an unknown algorithm")
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    lines = text.split("\n")
    must(len(lines) == 4 and lines[0] == origin, "this is the checkpoint of another log")
    for line in signatures.splitlines():
        _, name, sealed = line.split(" ")
        signature = base64.b64decode(sealed)
        if name == origin and signature[:4].hex() == key_hash:
            try:
                Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text.encode())
            except InvalidSignature:
                raise Discrepancy("the checkpoint's signature does not hold") from None
            return TreeHead(int(lines[1]), base64.b64decode(lines[2]))
    raise Discrepancy("the log did not sign this checkpoint")


def list_root(operation_id: str, lines: list[str]) -> bytes:
    """The root of the tree over an operation's lines, to which the signed payload commits."""
    tag, of = b"aqueduct/line/v1\x00", uuid.UUID(operation_id).bytes
    return merkle_root([hash_leaf(tag + of + at.to_bytes(4, "big") + line.encode()) for at, line in enumerate(lines)])


def merkle_root(hashes: list[bytes]) -> bytes:
    """The root over hashed leaves, at least one (RFC 6962, section 2.1)."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    return hash_children(merkle_root(hashes[:half]), merkle_root(hashes[half:]))
