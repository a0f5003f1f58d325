// Signed bytes: DSSE envelopes over canonical JSON, by Ed25519 keys.
import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import canonicalize from "canonicalize";
import { must } from "./discrepancy.js";

const PAYLOAD_TYPE = "application/vnd.aqueduct.operation+json";

/** What a party states, as it stands in the signed bytes. */
export interface SignedPayload {
  chain: string;
  id: string;
  party: string;
  issuedAt: string;
  expiresAt: string;
  list?: { count: number; root: string; total: string };
  [field: string]: unknown;
}

interface Envelope {
  payload: string;
  payloadType: string;
  signatures: { keyid: string; sig: string }[];
}

/** The public key as the server writes it; it is also the key id in an envelope. */
export function publicKeyText(key: KeyObject): string {
  const { x } = createPublicKey(key).export({ format: "jwk" });
  return `ed25519:${Buffer.from(String(x), "base64url").toString("hex")}`;
}

/** The Ed25519 public key of 32 bytes. */
export function publicKeyOf(octets: Uint8Array): KeyObject {
  const x = Buffer.from(octets).toString("base64url");
  return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
}

/**
 * What a key signs: not the payload alone but its DSSE pre-authentication encoding, so that no
 * other kind of document can ever pass for an operation.
 */
export function signingBytes(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload]);
}

/** The payload with a signature by each key, as `operationSubmit` takes it. */
export function envelope(payload: Buffer, keys: KeyObject[]): string {
  const toSign = signingBytes(payload);
  const sealed: Envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString("base64"),
    signatures: keys.map((key) => ({
      keyid: publicKeyText(key),
      sig: sign(null, toSign, key).toString("base64"),
    })),
  };
  return JSON.stringify(sealed);
}

/**
 * Reads JSON that must be in its one canonical form (RFC 8785). Bytes in another form, with a
 * field twice or a space too many, could mean one thing here and another thing elsewhere.
 */
export function readCanonical<Value>(octets: Buffer): Value {
  const value: unknown = JSON.parse(octets.toString("utf8"));
  must(Buffer.from(canonicalize(value) ?? "").equals(octets), "the bytes are not canonical JSON");
  return value as Value;
}

/** Checks every signature of an entry's envelope; gives the payload and who signed it. */
export function openEntry(entry: Buffer): { payload: Buffer; signers: string[] } {
  const sealed = readCanonical<Envelope>(entry);
  must(sealed.payloadType === PAYLOAD_TYPE, "the envelope holds something else than an operation");
  const payload = Buffer.from(sealed.payload, "base64");
  const signers = sealed.signatures.map(({ keyid }) => keyid);
  const inOrder = [...new Set(signers)].sort();
  must(signers.length >= 1 && signers.join() === inOrder.join(), "signatures are one for each key, in order of key id");
  for (const { keyid, sig } of sealed.signatures) {
    const digits = /^ed25519:([0-9a-f]{64})$/.exec(keyid)?.[1];
    must(digits !== undefined, `${keyid} is not the id of a key`);
    const key = publicKeyOf(Buffer.from(digits, "hex"));
    must(
      verify(null, signingBytes(payload), key, Buffer.from(sig, "base64")),
      `the signature by ${keyid} does not hold`,
    );
  }
  return { payload, signers };
}
