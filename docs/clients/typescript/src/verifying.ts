// What is checked of a server's answers: sums, signatures, places in the log.
import { v7 as newOperationId } from "uuid";
import type { Connection } from "./connection.js";
import { Discrepancy, must } from "./discrepancy.js";
import { graphql } from "./graphql.js";
import { checkConsistency, checkInclusion, listRoot, sha256, type TreeHead } from "./proof.js";
import { openEntry, readCanonical, type SignedPayload } from "./signing.js";

/** Reads where the money of a programme and cycle is; gives what both sides add up to. */
export async function checkStatement(at: Connection, programme: string, cycle: string): Promise<string> {
  const statementOf = graphql(`
    query ($filter: MoneyFilter!) {
      statement(filter: $filter) {
        allocated { amount currency }
        surplus { amount currency }
        held { amount currency }
        inTransit { amount currency }
        overdue { amount currency }
        booked { amount currency }
        confirmed { amount currency }
        deducted { amount currency }
        returned { amount currency }
        disputed { amount currency }
        unaccounted { amount currency }
      }
    }
  `);
  const { statement } = await at.ask(statementOf, { filter: { programme, cycle } });
  must(statement !== null, "there is no such money");
  const { allocated, surplus, ...classes } = statement;
  const whereabouts = Object.values(classes);
  const all = [allocated, surplus, ...whereabouts];
  must(
    all.every(({ currency }) => currency === allocated.currency),
    "the statement mixes currencies",
  );
  const sum = (amounts: { amount: string }[]) => amounts.reduce((total, m) => total + minorUnits(m.amount), 0n);
  const [origin, found] = [sum([allocated, surplus]), sum(whereabouts)];
  must(origin === found, `the statement does not add up: ${origin} is not ${found}`);
  return `${origin / 100n}.${(origin % 100n).toString().padStart(2, "0")}`;
}

/** Whether nothing that the earlier log held was changed since. */
export async function checkContinues(at: Connection, before: TreeHead, now: TreeHead): Promise<void> {
  const consistencyProof = graphql(`
    query ($first: LogIndex!, $second: LogIndex!) {
      log {
        consistencyProof(first: $first, second: $second) {
          hashes
        }
      }
    }
  `);
  const { log } = await at.ask(consistencyProof, { first: before.size.toString(), second: now.size.toString() });
  checkConsistency(before, now, log.consistencyProof.hashes.map(fromHex));
}

/** Checks one entry from its bytes alone; gives what was signed. */
export async function checkEntry(
  at: Connection,
  index: string,
  partyId: string,
  head: TreeHead,
): Promise<SignedPayload> {
  const entryWithProof = graphql(`
    query ($index: LogIndex!, $size: LogIndex!, $party: ID!) {
      log {
        entry(index: $index) {
          envelope
          lines
        }
        inclusionProof(index: $index, treeSize: $size) {
          hashes
        }
      }
      party(id: $party) {
        keys {
          publicKey
        }
      }
    }
  `);
  const variables = { index, size: head.size.toString(), party: partyId };
  const { log, party: known } = await at.ask(entryWithProof, variables);
  const entry = Buffer.from(log.entry?.envelope ?? "", "base64");
  // The log's leaf is the digest of the entry's bytes, so the log itself reveals nothing.
  checkInclusion(sha256(entry), BigInt(index), head, log.inclusionProof.hashes.map(fromHex));
  const { payload, signers } = openEntry(entry);
  const stated = readCanonical<SignedPayload>(payload);
  must(stated.party === partyId, "somebody else signed this");
  const registered = new Set(known?.keys.map(({ publicKey }) => publicKey));
  must(
    signers.every((signer) => registered.has(signer)),
    "it was signed by a key that is not the party's",
  );
  if (stated.list !== undefined) {
    const root = listRoot(stated.id, log.entry?.lines ?? []).toString("hex");
    must(stated.list.root === root, "the lines are not those that were signed");
  }
  return stated;
}

/** An entry whose payload says another id than the one that was signed. */
export async function altered(at: Connection, index: string): Promise<Buffer> {
  const entryOf = graphql("query ($index: LogIndex!) { log { entry(index: $index) { envelope operationId } } }");
  const { entry } = (await at.ask(entryOf, { index })).log;
  const sealed = JSON.parse(Buffer.from(entry?.envelope ?? "", "base64").toString()) as { payload: string };
  const payload = Buffer.from(sealed.payload, "base64").toString();
  sealed.payload = Buffer.from(payload.replace(entry?.operationId ?? "", newOperationId())).toString("base64");
  return Buffer.from(JSON.stringify(sealed));
}

/** Makes sure that a check sees what is wrong. */
export async function mustFail(check: () => unknown): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (error instanceof Discrepancy) return;
    throw error;
  }
  throw new Discrepancy("a check did not see what was changed");
}

/** An amount as a whole number of the smallest unit, never as a floating point number. */
export function minorUnits(amount: string): bigint {
  must(/^-?\d+\.\d\d$/.test(amount), `${amount} has not two decimals`);
  return BigInt(amount.replace(".", ""));
}

function fromHex(digest: string): Buffer {
  return Buffer.from(digest, "hex");
}
