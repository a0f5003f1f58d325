// Types every request by the schema: a field or argument that is not there does not compile.
import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./schema.js";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  // All of them are strings, amounts and places in the log too: a JSON number would lose digits.
  scalars: {
    Bytes: string;
    CurrencyCode: string;
    Date: string;
    DateTime: string;
    Decimal: string;
    Digest: string;
    LogIndex: string;
    OperationId: string;
    PublicKey: string;
    UUID: string;
  };
}>();

export type { ResultOf, TadaDocumentNode, VariablesOf } from "gql.tada";
