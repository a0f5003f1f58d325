// Shows what the schema says: what may be asked, every type, and a request to begin with.

const INTROSPECTION = `query Introspection {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description isDeprecated deprecationReason type { ...Type } args { ...Input }
      }
      inputFields { ...Input }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
  }
}
fragment Input on __InputValue { name description defaultValue type { ...Type } }
fragment Type on __Type {
  kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }
}`;

let types = new Map();
let roots = [];

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

/** A type as the schema writes it, such as [Hop!]!. */
const written = ({ kind, name, ofType }) =>
  kind === "NON_NULL" ? `${written(ofType)}!` : kind === "LIST" ? `[${written(ofType)}]` : name;

const named = (type) => (type.ofType ? named(type.ofType) : type.name);

const link = (text, open) => element("button", { type: "button", className: "link", textContent: text, onclick: open });

const beginButton = (root, field) =>
  element("button", {
    type: "button",
    className: "begin",
    textContent: "write a request",
    onclick: () => begin(root, field),
  });

const typeLink = (type) => link(written(type), () => openType(named(type)));

const about = (text) => element("p", { className: "about", textContent: text ?? "" });

const input = (argument) => {
  const ends = argument.defaultValue === null ? "" : ` = ${argument.defaultValue}`;
  const line = element("p", {}, element("code", { textContent: argument.name }), ": ", typeLink(argument.type), ends);
  return element("div", { className: "argument" }, line, about(argument.description));
};

const member = (field, root) => {
  const item = element("li", {}, element("code", { textContent: field.name }));
  if (field.type) item.append(": ", typeLink(field.type));
  if (root) item.append(" ", beginButton(root, field));
  if (field.isDeprecated)
    item.append(element("p", { className: "bad", textContent: `Deprecated: ${field.deprecationReason}` }));
  if (field.description) item.append(about(field.description));
  item.append(...(field.args ?? []).map(input));
  return item;
};

const openType = (name) => {
  const type = types.get(name);
  const root = roots.find((root) => root.name === name);
  const members = [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])];
  const fitting = type.possibleTypes ?? [];
  field("explorer").replaceChildren(
    element("h3", { textContent: name }),
    about(type.description),
    ...(fitting.length > 0
      ? [element("p", {}, "One of: ", ...fitting.flatMap((one) => [link(one.name, () => openType(one.name)), " "]))]
      : []),
    element("ul", {}, ...members.map((field) => member(field, root))),
  );
  field("explorer").scrollTop = 0;
  const seen = [...field("trail").children].filter((button) => button.textContent !== name).slice(-4);
  field("trail").replaceChildren(
    ...seen,
    link(name, () => openType(name)),
  );
};

const openRoots = () => {
  field("explorer").replaceChildren(
    ...roots.flatMap((root) => [
      element(
        "h3",
        {},
        link(root.name, () => openType(root.name)),
      ),
      element(
        "ul",
        {},
        ...types.get(root.name).fields.map((field) => {
          const first = (field.description ?? "").split(". ")[0];
          return element(
            "li",
            {},
            link(field.name, () => openType(root.name)),
            " ",
            beginButton(root, field),
            about(first),
          );
        }),
      ),
    ]),
  );
};

const SEARCH_RESULTS_MAX = 60;

const search = (text) => {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return openRoots();
  const found = [];
  for (const type of types.values()) {
    if (type.name.toLowerCase().includes(wanted)) found.push([type.name, type]);
    for (const part of [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])]) {
      if (part.name.toLowerCase().includes(wanted)) found.push([`${type.name}.${part.name}`, type]);
    }
  }
  const items = found.slice(0, SEARCH_RESULTS_MAX).map(([name, type]) =>
    element(
      "li",
      {},
      link(name, () => openType(type.name)),
    ),
  );
  const rest =
    found.length > SEARCH_RESULTS_MAX
      ? [about(`${found.length - SEARCH_RESULTS_MAX} more; search for a longer name.`)]
      : [];
  field("explorer").replaceChildren(found.length === 0 ? about("No such name.") : element("ul", {}, ...items), ...rest);
};

const isNeeded = ({ type, defaultValue }) => type.kind === "NON_NULL" && defaultValue === null;

/** A selection of the fields that need no arguments, one a line, with what stands in them. */
const selection = (name, depth, indent = "  ") => {
  const fields = (types.get(name).fields ?? []).filter(
    (field) => !(field.args ?? []).some(isNeeded) && !field.isDeprecated,
  );
  const picked = fields.flatMap((field) => {
    const inner = types.get(named(field.type));
    if (inner.kind === "SCALAR" || inner.kind === "ENUM") return [field.name];
    const isWorthIt = depth > 0 && field.name !== "edges" && inner.kind === "OBJECT";
    return isWorthIt ? [`${field.name} ${selection(inner.name, depth - 1, `${indent}  `)}`] : [];
  });
  if (picked.length === 0) return "{ __typename }";
  const isShort = picked.join(" ").length <= 60 && !picked.some((part) => part.includes("{"));
  if (isShort) return `{ ${picked.join(" ")} }`;
  return `{\n${picked.map((part) => `${indent}  ${part}\n`).join("")}${indent}}`;
};

/** An empty value of an input's type, for the variables. */
const blank = (type) => {
  if (type.kind === "NON_NULL") return blank(type.ofType);
  if (type.kind === "LIST") return [];
  const inner = types.get(type.name);
  if (inner.kind === "ENUM") return inner.enumValues[0].name;
  if (inner.kind === "INPUT_OBJECT") {
    return Object.fromEntries(inner.inputFields.filter(isNeeded).map((part) => [part.name, blank(part.type)]));
  }
  const usual = { OperationId: newOperationId(), Int: 0, Boolean: false };
  return usual[type.name] ?? "";
};

/** Puts a request for a root field into the form. */
const begin = ({ keyword }, { name, args, type }) => {
  const needed = args.filter(isNeeded);
  const declared = needed.map((argument) => `$${argument.name}: ${written(argument.type)}`).join(", ");
  const passed = needed.map((argument) => `${argument.name}: $${argument.name}`).join(", ");
  const wrapped = (text) => (text === "" ? "" : `(${text})`);
  const inner = types.get(named(type));
  const fields = inner.kind === "SCALAR" || inner.kind === "ENUM" ? "" : ` ${selection(inner.name, 1)}`;
  const variables = Object.fromEntries(needed.map((argument) => [argument.name, blank(argument.type)]));
  write(
    `${keyword}${wrapped(declared) && ` ${wrapped(declared)}`} {\n  ${name}${wrapped(passed)}${fields}\n}\n`,
    needed.length === 0 ? "" : JSON.stringify(variables, null, 2),
  );
  field("example").value = "";
  field("query").focus();
};

/** A UUIDv7: 48 bits of milliseconds, then randomness. */
const newOperationId = () => {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  new DataView(octets.buffer).setUint32(0, Math.floor(Date.now() / 65536));
  new DataView(octets.buffer).setUint16(4, Date.now() % 65536);
  octets[6] = (octets[6] & 0x0f) | 0x70;
  octets[8] = (octets[8] & 0x3f) | 0x80;
  const hex = [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
};

const readSchema = async () => {
  const answer = await (await post({ query: INTROSPECTION })).json();
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? "no schema came");
  const schema = answer.data.__schema;
  types = new Map(schema.types.map((type) => [type.name, type]));
  const kinds = [
    ["query", schema.queryType],
    ["mutation", schema.mutationType],
    ["subscription", schema.subscriptionType],
  ];
  roots = kinds.filter(([, type]) => type).map(([keyword, { name }]) => ({ keyword, name }));
  openRoots();
};

field("search").addEventListener("input", (event) => types.size > 0 && search(event.target.value));
readSchema().catch((error) => field("explorer").replaceChildren(about(`The schema cannot be shown: ${error.message}`)));
