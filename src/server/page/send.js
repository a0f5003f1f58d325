// Sends what is typed and shows what comes back. The token is kept in this page only.
"use strict";

const field = (id) => document.getElementById(id);

const EXAMPLES = [
  [
    "the head of the public log",
    "{\n  log {\n    chainId\n    verifierKey\n    head { height entries root time checkpoint }\n  }\n}\n",
  ],
  [
    "who I am and what waits for me",
    "{\n  viewer {\n    party { label kind }\n    roles\n    inbox {\n" +
      "      hopsToAcknowledge(first: 5) { totalCount nodes { id from { label } dispatched { amount currency } due } }\n" +
      "      moneyToConfirm(first: 5) { totalCount nodes { id from { label } dispatched { amount currency } } }\n" +
      "      operationsToApprove(first: 5) { totalCount nodes { operationId kind missing } }\n    }\n  }\n}\n",
  ],
  [
    "where money is lost, by area",
    "query Leakage($level: Int) {\n  leakageReport(groupBy: AREA, areaLevel: $level) {\n    asOf\n    groups(first: 20) {\n" +
      "      nodes { label hopLoss { amount currency } narrowRate coverage }\n    }\n  }\n}\n",
    '{ "level": 1 }',
  ],
  [
    "a statement",
    "query Statement($filter: MoneyFilter) {\n  statement(filter: $filter) {\n" +
      "    allocated { amount currency } surplus { amount }\n    held { amount } inTransit { amount } overdue { amount }\n" +
      "    booked { amount } confirmed { amount } deducted { amount }\n" +
      "    returned { amount } disputed { amount } unaccounted { amount }\n  }\n}\n",
    '{ "filter": {} }',
  ],
  ["follow what is recorded", "subscription {\n  entryRecorded { index kind recordedAt party { label } }\n}\n"],
];

/** Shows one answer, or a reason why there is none. */
const show = (status, value, isBad = false) => {
  field("status").textContent = status;
  field("status").classList.toggle("bad", isBad);
  if (value !== undefined) field("answer").textContent = value;
};

const typedHeaders = () => {
  const lines = field("headers")
    .value.split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const at = line.indexOf(":");
    if (at < 1) throw new Error(`"${line.trim()}" is no header; write Name: value`);
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
};

const token = () => field("token").value.trim();

const post = (request, headers = []) => {
  const all = new Headers(headers);
  all.set("Content-Type", "application/json");
  all.set("Accept", "application/graphql-response+json, application/json;q=0.9");
  if (token() !== "") all.set("Authorization", `Bearer ${token()}`);
  return fetch("/graphql", { method: "POST", headers: all, body: JSON.stringify(request) });
};

/** The request as it is typed. */
const typed = () => {
  const text = field("variables").value.trim();
  const operationName = field("operation").value.trim();
  let variables;
  try {
    variables = text === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw new Error(`the variables are not JSON: ${error.message}`);
  }
  return { query: field("query").value, variables, ...(operationName === "" ? {} : { operationName }) };
};

/** Whether the operation that is meant is a subscription. Words in comments and texts do not count. */
const isSubscription = ({ query, operationName }) => {
  const bare = query.replace(/"""[^]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*/g, " ");
  const follows = [...bare.matchAll(/(^|[\s}])subscription\b\s*(\w*)/g)].map(([, , name]) => name);
  return operationName === undefined ? /^[\s,]*subscription\b/.test(bare) : follows.includes(operationName);
};

const send = async (request) => {
  show("Waiting for the answer.");
  const began = performance.now();
  const response = await post(request, typedHeaders());
  const text = await response.text();
  const took = `${response.status} ${response.statusText}, ${Math.round(performance.now() - began)} ms`;
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return show(took, text, true);
  }
  const refused = Object.values(answer.data ?? {}).some((field) => field?.userErrors?.length > 0);
  const what = answer.errors ? ", with errors" : refused ? ", refused: see userErrors" : "";
  show(took + what, JSON.stringify(answer, null, 2), what !== "");
};

field("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  stopFollowing();
  try {
    const request = typed();
    await (isSubscription(request) ? follow(request) : send(request));
  } catch (error) {
    show(`Not sent, or not answered: ${error.message}`, "", true);
  }
});

field("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field("form").requestSubmit();
});

/** Puts a request into the form. */
const write = (query, variables = "") => {
  field("query").value = query;
  field("variables").value = variables;
  field("operation").value = "";
};

for (const [at, [title]] of EXAMPLES.entries()) field("example").add(new Option(title, at));
field("example").addEventListener("change", (event) => {
  const [, query, variables] = EXAMPLES[event.target.value] ?? [];
  if (query !== undefined) write(query, variables);
});
write(EXAMPLES[0][1]);

field("token").addEventListener("change", async () => {
  const tell = (text) => (field("who").textContent = text);
  if (token() === "") return tell("Not logged in.");
  try {
    const response = await post({ query: "{ viewer { party { label } roles } }" });
    const viewer = (await response.json()).data?.viewer;
    tell(viewer ? `${viewer.party.label}: ${viewer.roles.join(", ").toLowerCase()}` : "No login has this token.");
  } catch {
    tell("The server does not answer.");
  }
});

for (const element of document.querySelectorAll("code.http, code.ws")) {
  const scheme = location.protocol === "https:" ? "s:" : ":";
  element.textContent = `${element.className}${scheme}//${location.host}${element.textContent}`;
}
