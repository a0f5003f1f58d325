// Requests and subscriptions of one login: fetch, and the graphql-ws package.
import { print } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { Discrepancy } from "./discrepancy.js";
import type { TadaDocumentNode } from "./graphql.js";

const MILLISECONDS_MAX = 30_000;

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

interface Payload {
  userErrors: { message: string; code: string; field: string[] | null }[];
}

/** One login at one server. Without a token only `log` can be read. */
export class Connection {
  constructor(
    private readonly url: string,
    private readonly token?: string,
  ) {}

  /** Asks. A top-level error (no login, too complex, ...) has a stable code. */
  async ask<Data, Variables>(document: TadaDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json;q=0.9",
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      },
      body: JSON.stringify({ query: print(document), variables }),
      signal: AbortSignal.timeout(MILLISECONDS_MAX),
    });
    const answer = (await response.json()) as Answer<Data>;
    for (const error of answer.errors ?? []) throw new Error(`${error.message} (${error.extensions?.code})`);
    if (!answer.data) throw new Error(`the server answered ${response.status} without data`);
    return answer.data;
  }

  /**
   * Sends one mutation and gives its payload. A refusal is no top-level error: it is in
   * `userErrors`, one for each reason, with the field, a sentence and a stable code.
   */
  async do<Name extends string, P extends Payload, Variables>(
    document: TadaDocumentNode<Record<Name, P>, Variables>,
    variables: Variables,
  ): Promise<P> {
    const [payload] = Object.values<P>(await this.ask(document, variables));
    if (payload === undefined) throw new Error("the document has no mutation");
    for (const refused of payload.userErrors) {
      throw new Discrepancy(`refused: ${refused.message} (${refused.code} at ${refused.field?.join(".")})`);
    }
    return payload;
  }

  /** Follows a subscription over a connection of its own until there is enough of it. */
  async follow<Data, Variables extends Record<string, unknown>>(
    document: TadaDocumentNode<Data, Variables>,
    variables: Variables,
    isEnough: (message: Data) => boolean,
  ): Promise<Data[]> {
    const client = createClient({
      url: `${this.url.replace("http", "ws")}/graphql/ws`,
      webSocketImpl: WebSocket,
      // Over a WebSocket the token goes into the first message.
      connectionParams: { token: this.token },
      // When a connection breaks, this package would subscribe again with the same `after` and
      // repeat entries. Subscribe anew with the last index that you have dealt with instead.
      retryAttempts: 0,
    });
    const late = setTimeout(() => client.terminate(), MILLISECONDS_MAX);
    try {
      const messages: Data[] = [];
      for await (const { data, errors } of client.iterate<Data>({ query: print(document), variables })) {
        for (const error of errors ?? []) throw new Error(error.message);
        if (!data) continue;
        messages.push(data);
        if (isEnough(data)) return messages;
      }
      throw new Discrepancy("the subscription ended too early");
    } finally {
      clearTimeout(late);
      await client.dispose();
    }
  }
}
