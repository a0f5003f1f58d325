// Merkle trees and signed checkpoints: what shows that the log has an entry and lost none.
import { createHash, verify } from "node:crypto";
import { Discrepancy, must } from "./discrepancy.js";
import { publicKeyOf } from "./signing.js";

/** How many entries a log has, and the root hash over them. */
export interface TreeHead {
  size: bigint;
  root: Buffer;
}

export function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RFC 6962, section 2.1: a leaf is hashed with a zero byte before it. */
function hashLeaf(...data: Uint8Array[]): Buffer {
  return sha256(Buffer.of(0), ...data);
}

/** RFC 6962, section 2.1: an inner node is hashed with a one byte before it. */
function hashChildren(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.of(1), left, right);
}

const isOdd = (n: bigint): boolean => (n & 1n) === 1n;

/** Whether the log of this head has the leaf at this place (RFC 9162, section 2.1.3.2). */
export function checkInclusion(leaf: Buffer, index: bigint, head: TreeHead, path: Buffer[]): void {
  must(0n <= index && index < head.size, "the log has no such place");
  let [fn, sn, root] = [index, head.size - 1n, hashLeaf(leaf)];
  for (const step of path) {
    must(sn !== 0n, "the inclusion proof is too long");
    if (isOdd(fn) || fn === sn) {
      root = hashChildren(step, root);
      while (!isOdd(fn) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      root = hashChildren(root, step);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  must(sn === 0n && root.equals(head.root), "the inclusion proof does not lead to the root");
}

/**
 * Whether the second log continues the first: nothing in it was changed, moved or taken out
 * (RFC 9162, section 2.1.4.2).
 */
export function checkConsistency(first: TreeHead, second: TreeHead, proof: Buffer[]): void {
  must(0n < first.size && first.size <= second.size, "the second log is smaller than the first");
  if (first.size === second.size) {
    must(first.root.equals(second.root) && proof.length === 0, "two logs of one size have different roots");
    return;
  }
  const isPowerOfTwo = (first.size & (first.size - 1n)) === 0n;
  const [start, ...path] = isPowerOfTwo ? [first.root, ...proof] : proof;
  must(start !== undefined, "the consistency proof is empty");
  let [fn, sn, before, now] = [first.size - 1n, second.size - 1n, start, start];
  while (isOdd(fn)) [fn, sn] = [fn >> 1n, sn >> 1n];
  for (const step of path) {
    must(sn !== 0n, "the consistency proof is too long");
    if (isOdd(fn) || fn === sn) {
      before = hashChildren(step, before);
      now = hashChildren(step, now);
      while (!isOdd(fn) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      now = hashChildren(now, step);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  const isContinued = sn === 0n && before.equals(first.root) && now.equals(second.root);
  must(isContinued, "the second log does not continue the first");
}

/**
 * Reads a signed checkpoint: three lines of text, an empty line, signatures (C2SP
 * tlog-checkpoint and signed-note). Only the signature by the log's own key counts here.
 */
export function openCheckpoint(note: string, verifierKey: string): TreeHead {
  // The Base64 of the key may have plus signs of its own.
  const [origin = "", keyHash = "", ...encoded] = verifierKey.split("+");
  const key = Buffer.from(encoded.join("+"), "base64");
  const hash = sha256(Buffer.from(`${origin}\n`), key).subarray(0, 4);
  must(hash.toString("hex") === keyHash, "the verifier key is damaged");
  must(key[0] === 1 && key.length === 33, "the log's key is of an unknown algorithm");
  const end = note.indexOf("\n\n");
  const text = note.slice(0, end + 1);
  const [name, size, root, ...more] = text.split("\n");
  must(name === origin && more.length === 1, "this is the checkpoint of another log");
  for (const line of note.slice(end + 2).split("\n")) {
    const [, signer, sealed = ""] = line.split(" ");
    const octets = Buffer.from(sealed, "base64");
    if (signer !== origin || !octets.subarray(0, 4).equals(hash)) continue;
    const holds = verify(null, Buffer.from(text), publicKeyOf(key.subarray(1)), octets.subarray(4));
    must(holds, "the checkpoint's signature does not hold");
    return { size: BigInt(size ?? ""), root: Buffer.from(root ?? "", "base64") };
  }
  throw new Discrepancy("the log did not sign this checkpoint");
}

/** The root of the tree over an operation's lines, to which the signed payload commits. */
export function listRoot(operationId: string, lines: string[]): Buffer {
  const operation = Buffer.from(operationId.replaceAll("-", ""), "hex");
  const hashes = lines.map((line, at) => {
    const position = Buffer.alloc(4);
    position.writeUInt32BE(at);
    return hashLeaf(Buffer.from("aqueduct/line/v1\0"), operation, position, Buffer.from(line));
  });
  return merkleRoot(hashes);
}

/** The root over hashed leaves, at least one (RFC 6962, section 2.1). */
function merkleRoot(hashes: Buffer[]): Buffer {
  const [only] = hashes;
  must(only !== undefined, "a list has at least one line");
  if (hashes.length === 1) return only;
  let half = 1;
  while (half * 2 < hashes.length) half *= 2;
  return hashChildren(merkleRoot(hashes.slice(0, half)), merkleRoot(hashes.slice(half)));
}
