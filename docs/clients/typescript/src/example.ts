// Sends money with one's own key, follows it, reads a statement and verifies everything.
//
//     npm ci && npm start          beside a running `aqueduct demo`
//
// AQUEDUCT_URL is the server (http://127.0.0.1:8080 if unset), AQUEDUCT_LOGINS the file
// demo-logins.json (in aqueduct-data of this repository if unset). It can be run again and
// again. Whatever does not agree ends it with exit code 1 and a sentence.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { v7 as newOperationId } from "uuid";
import { Connection } from "./connection.js";
import { must } from "./discrepancy.js";
import { graphql, type ResultOf } from "./graphql.js";
import { listRoot, openCheckpoint } from "./proof.js";
import { envelope, openEntry, publicKeyText, readCanonical, type SignedPayload, signingBytes } from "./signing.js";
import { altered, checkContinues, checkEntry, checkStatement, minorUnits, mustFail } from "./verifying.js";

const URL_OF_SERVER = process.env.AQUEDUCT_URL ?? "http://127.0.0.1:8080";
const LOGINS =
  process.env.AQUEDUCT_LOGINS ?? fileURLToPath(new URL("../../../../aqueduct-data/demo-logins.json", import.meta.url));
const AMOUNT = "1.00";
const CURRENCY = "KES";

/** An officer of the demonstration, with the bearer token. */
interface Login {
  officer: string;
  officerId: string;
  party: string;
  partyId: string;
  token: string;
}

async function main(): Promise<void> {
  const logins = JSON.parse(await readFile(LOGINS, "utf8")) as Login[];
  const login = (officer: string, party: string): Login => {
    const known = logins.find((login) => login.officer === officer && login.party === party);
    must(known !== undefined, `${LOGINS} has no ${officer} of ${party}`);
    return known;
  };
  const registrar = login("registrar", "Civil Registry");
  const cashier = login("cashier", "National Treasury");
  const receiver = login("cashier", "Highland Finance Bureau");

  // 1. Connect. Take the log's key from somebody you trust and keep it. Here, for want of
  // better, it is the server's own word at first sight.
  const atRegistry = new Connection(URL_OF_SERVER, registrar.token);
  const atTreasury = new Connection(URL_OF_SERVER, cashier.token);
  const atBureau = new Connection(URL_OF_SERVER, receiver.token);
  const nobody = new Connection(URL_OF_SERVER);
  const { log } = await nobody.ask(graphql("query { log { chainId verifierKey head { checkpoint } } }"), {});
  const logKey = log.verifierKey ?? "";
  const before = openCheckpoint(log.head?.checkpoint ?? "", logKey);
  say(`The log of chain ${log.chainId.slice(0, 16)} has ${before.size} entries, signed by ${logKey.split("+")[0]}.`);

  // 2. Make a key that never leaves this process, and let the registrar register it.
  const key = generateKeyPairSync("ed25519").privateKey;
  const keyRegister = graphql(`
    mutation ($input: KeyRegisterInput!) {
      keyRegister(input: $input) {
        key {
          publicKey
        }
        userErrors {
          field
          message
          code
        }
      }
    }
  `);
  await atRegistry.do(keyRegister, {
    input: {
      operationId: newOperationId(),
      party: cashier.partyId,
      officer: cashier.officerId,
      publicKey: publicKeyText(key),
      custody: "HOLDER",
      roles: ["DISPATCHER"],
    },
  });
  say(`The cashier's own key is ${publicKeyText(key).slice(0, 24)}...`);

  // 3. Follow the log from where it was, and lose the connection after the first message.
  const [first] = await recorded(atTreasury, before.size - 1n, () => true);
  must(first?.index === before.size.toString(), "the first message is not the entry that came next");
  say(`Heard of ${first.kind} as entry ${first.index}; then the connection broke.`);

  // 4. Send money with the own key: draft, read, sign, submit.
  const sent = await dispatch(atTreasury, log.chainId, cashier, receiver, key);
  say(`${AMOUNT} ${CURRENCY} sent as entry ${sent.index}, signed with the own key.`);

  // 5. The receiver acknowledges it, with a key that the server keeps for that officer.
  const hopAcknowledge = graphql(`
    mutation ($input: HopAcknowledgeInput!) {
      hopAcknowledge(input: $input) {
        entry {
          index
        }
        hop {
          state
          shortfall {
            amount
          }
          programme {
            code
          }
          cycle
        }
        userErrors {
          field
          message
          code
        }
      }
    }
  `);
  const { hop, entry } = await atBureau.do(hopAcknowledge, {
    input: {
      operationId: newOperationId(),
      hopReference: { operation: sent.operationId, digest: sent.payloadDigest, output: 0 },
      arrived: { amount: AMOUNT, currency: CURRENCY },
    },
  });
  must(hop?.state === "ACKNOWLEDGED" && entry !== null, "the hop is not acknowledged");
  must(minorUnits(hop.shortfall?.amount ?? "") === 0n, "something is missing of what was sent");
  const arrived = entry.index;
  say(`Acknowledged as entry ${arrived}: nothing is missing.`);

  // 6. Go on following after the last message that was seen. Nothing is lost or told twice.
  const rest = await recorded(atTreasury, BigInt(first.index), (heard) => heard.index === arrived);
  rest.forEach(({ index }, at) => {
    must(BigInt(index) === before.size + 1n + BigInt(at), "the subscription skipped or repeated an entry");
  });
  say(`Resumed the subscription: entries ${rest[0]?.index} to ${arrived}, each once.`);

  // 7. Read a statement and add it up.
  const total = await checkStatement(atTreasury, hop.programme?.code ?? "", hop.cycle);
  say(`The statement of ${hop.programme?.code} ${hop.cycle} adds up on both sides to ${total} ${CURRENCY}.`);

  // 8. Verify, from the bytes alone: signatures, places in the log, and that the log of now
  // continues the log of before.
  const later = await nobody.ask(graphql("query { log { head { checkpoint } } }"), {});
  const note = later.log.head?.checkpoint ?? "";
  const now = openCheckpoint(note, logKey);
  await checkContinues(nobody, before, now);
  for (const [index, party] of [
    [sent.index, cashier],
    [arrived, receiver],
  ] as const) {
    const payload = await checkEntry(atTreasury, index, party.partyId, now);
    must(payload.chain === log.chainId, "the entry is of another chain");
  }
  say(
    `Entries ${sent.index} and ${arrived} are signed and in the log; its ${now.size} entries continue the ${before.size}.`,
  );
  // A check that cannot fail shows nothing.
  await mustFail(() => openCheckpoint(note.replace(`\n${now.size}\n`, `\n${now.size + 1n}\n`), logKey));
  await mustFail(() => checkContinues(nobody, { size: before.size, root: now.root }, now));
  await mustFail(() => checkEntry(atTreasury, sent.index, receiver.partyId, now));
  await mustFail(() => checkEntry(atTreasury, sent.index, cashier.partyId, { size: now.size, root: before.root }));
  const changed = await altered(atTreasury, sent.index);
  await mustFail(() => openEntry(changed));
  say("A changed checkpoint, log, signer, place or byte is found.");

  // 9. A key that is not needed any more is revoked.
  const keyRevoke = graphql(`
    mutation ($input: KeyRevokeInput!) {
      keyRevoke(input: $input) {
        key {
          revokedBy {
            index
          }
        }
        userErrors {
          field
          message
          code
        }
      }
    }
  `);
  const reason = "the example is over";
  await atTreasury.do(keyRevoke, { input: { operationId: newOperationId(), key: publicKeyText(key), reason } });
  say("The own key is revoked. All checks passed.");
}

const entryRecorded = graphql(`
  subscription ($after: LogIndex) {
    entryRecorded(after: $after) {
      index
      kind
    }
  }
`);

/** Entries as they are recorded, from the one after this place on. */
async function recorded(
  at: Connection,
  after: bigint,
  isEnough: (entry: ResultOf<typeof entryRecorded>["entryRecorded"]) => boolean,
) {
  const enough = (message: ResultOf<typeof entryRecorded>) => isEnough(message.entryRecorded);
  const messages = await at.follow(entryRecorded, { after: after.toString() }, enough);
  return messages.map((message) => message.entryRecorded);
}

/** Sends AMOUNT with one's own key; gives its place in the log, and what later operations call it by. */
async function dispatch(at: Connection, chain: string, sender: Login, to: Login, key: KeyObject) {
  const tokensHeld = graphql(`
    query ($holder: ID!) {
      tokens(filter: { holder: $holder, state: HELD }, first: 100) {
        nodes {
          id
          amount {
            amount
            currency
          }
          reference {
            operation
            digest
            output
          }
        }
      }
    }
  `);
  // Amounts in signed bytes are whole numbers of the smallest unit.
  const minor = minorUnits(AMOUNT);
  const { tokens } = await at.ask(tokensHeld, { holder: sender.partyId });
  const token = tokens.nodes.find(({ amount }) => amount.currency === CURRENCY && minorUnits(amount.amount) >= minor);
  must(token !== undefined, "the treasury has no money left; begin a new demonstration");

  const operationDraft = graphql(`
    mutation ($input: OperationDraftInput!) {
      operationDraft(input: $input) {
        draft {
          operationId
          payload
          payloadDigest
          signingBytes
          lines
        }
        userErrors {
          field
          message
          code
        }
      }
    }
  `);
  // Keep the id before you send: with the same id nothing is ever recorded twice.
  const operationId = newOperationId();
  const outputs = [{ to: to.partyId, amount: AMOUNT }];
  const tokenDispatch = { operationId, token: token.id, currency: CURRENCY, outputs };
  const { draft } = await at.do(operationDraft, { input: { tokenDispatch } });
  must(draft !== null, "there is no draft");

  // Do the bytes say what is meant? What you sign binds you, whatever the page or program
  // beside it says.
  const payload = Buffer.from(draft.payload, "base64");
  const stated = readCanonical<SignedPayload>(payload);
  const meant = {
    chain,
    id: operationId,
    kind: "TOKEN_DISPATCH",
    version: 1,
    basis: "OWN",
    party: sender.partyId,
    body: { currency: CURRENCY, keep: [], token: token.reference },
    list: { count: 1, total: minor.toString(), root: listRoot(operationId, draft.lines).toString("hex") },
    issuedAt: stated.issuedAt,
    expiresAt: stated.expiresAt,
  };
  must(isDeepStrictEqual(stated, meant), `these bytes say something else than was meant: ${payload}`);
  // Beside the payload, under its root: a salt, the receiver, the amount, and six fields that
  // are empty here (deductions, purpose, earlier cycle, payment, provider, commitment).
  const [, ...fields] = draft.lines.join("\n").split("\t");
  const line = [to.partyId, minor.toString(), "", "", "", "", "", ""];
  must(isDeepStrictEqual(fields, line), `this line says something else: ${draft.lines}`);
  const asked = Buffer.from(draft.signingBytes, "base64");
  must(asked.equals(signingBytes(payload)), "these are not the bytes to sign");

  const operationSubmit = graphql(`
    mutation ($input: OperationSubmitInput!) {
      operationSubmit(input: $input) {
        entry {
          index
        }
        operation {
          status
        }
        replayed
        userErrors {
          field
          message
          code
        }
      }
    }
  `);
  const signed = { input: { operationId, envelope: envelope(payload, [key]), lines: draft.lines.join("\n") } };
  const done = await at.do(operationSubmit, signed);
  must(done.operation?.status === "RECORDED" && done.entry !== null, `the dispatch is ${done.operation?.status}`);
  // If no answer had come, one would send the same again: it is recorded once.
  const again = await at.do(operationSubmit, signed);
  must(again.replayed && again.entry?.index === done.entry.index, "a retry was recorded twice");
  return { index: done.entry.index, operationId, payloadDigest: draft.payloadDigest };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
