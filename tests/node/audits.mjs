// Audits a server by the package graphql-http: node audits.mjs URL
// All must pass, also those of what a server only should or may do.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const failed = results.filter((result) => result.status !== "ok");
for (const { id, name, status, reason } of failed) {
  console.error(`${id} ${name}: ${status}: ${reason}`);
}
if (failed.length > 0 || results.length === 0) process.exit(1);
console.log(`${results.length} audits passed`);
