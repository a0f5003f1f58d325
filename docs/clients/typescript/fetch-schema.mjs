// Saves the schema of a running server, from which the types of all requests are made.
import { writeFile } from "node:fs/promises";

const url = process.env.AQUEDUCT_URL ?? "http://127.0.0.1:8080";
const answer = await fetch(`${url}/schema.graphql`).catch((why) => {
  console.error(`There is no server at ${url}: ${why.cause?.message ?? why.message}`);
  process.exit(1);
});
await writeFile("schema.graphql", await answer.text());
