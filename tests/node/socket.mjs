// Speaks to a server by the client of the package graphql-ws: node socket.mjs URL TOKEN
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const connect = (login) =>
  createClient({ url, webSocketImpl: WebSocket, connectionParams: { token: login }, retryAttempts: 0 });
const client = connect(token);

for await (const result of client.iterate({ query: "{ __typename }" })) {
  if (result.data.__typename === "Query") console.log("asked");
}

const seen = [];
for await (const result of client.iterate({ query: "subscription { entryRecorded(after: \"0\") { index } }" })) {
  seen.push(result.data.entryRecorded.index);
  if (seen.length === 3) break;
}
console.log(`followed ${seen.join(" ")}`);

try {
  for await (const result of client.iterate({ query: "{ nope }" })) console.log(result);
} catch (errors) {
  console.log(`refused ${errors[0].extensions.code}`);
}
await client.dispose();

try {
  for await (const result of connect("nonsense").iterate({ query: "{ __typename }" })) console.log(result);
} catch (event) {
  console.log(`closed ${event.code}`);
}
