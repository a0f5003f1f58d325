"""Requests and subscriptions of one login, by the `gql` package."""

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests
from gql import Client, GraphQLRequest
from gql.transport.requests import RequestsHTTPTransport
from gql.transport.websockets import WebsocketsTransport

from discrepancy import Discrepancy

SECONDS_MAX = 30


class Connection:
    """One login at one server. Without a token only `log` can be read."""

    def __init__(self, url: str, token: str | None = None):
        # The schema is public. With it every request is checked here before it is sent.
        schema = requests.get(f"{url}/schema.graphql", timeout=SECONDS_MAX).text
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        http = RequestsHTTPTransport(f"{url}/graphql", headers=headers, timeout=SECONDS_MAX)
        self._http = Client(transport=http, schema=schema)
        self._ws_url = url.replace("http", "ws", 1) + "/graphql/ws"
        self._token = token

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Asks. A top-level error (no login, too complex, ...) is raised by `gql`; its stable
        code is in `error.errors[0]["extensions"]["code"]`."""
        return self._http.execute(GraphQLRequest(document, variable_values=variables))

    def do(self, document: str, **variables: Any) -> dict[str, Any]:
        """Sends one mutation and gives its payload. A refusal is no top-level error: it is in
        `userErrors`, one for each reason, with the field, a sentence and a stable code."""
        (payload,) = self.ask(document, **variables).values()
        for refused in payload["userErrors"]:
            raise Discrepancy(f"refused: {refused['message']} ({refused['code']} at {refused['field']})")
        return payload

    def follow(self, document: str, until: Callable[[dict], bool], **variables: Any) -> list[dict]:
        """Follows a subscription over a connection of its own until there is enough of it."""

        async def collect() -> list[dict]:
            items = []
            ws = WebsocketsTransport(
                self._ws_url,
                # Over a WebSocket the token goes into the first message.
                init_payload={"token": self._token},
                # Named, because `gql` takes another one when a server writes the name of the
                # answer's header in lower case.
                subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
            )
            async with Client(transport=ws) as session:
                async for message in session.subscribe(GraphQLRequest(document, variable_values=variables)):
                    (item,) = message.values()
                    items.append(item)
                    if until(item):
                        break
            return items

        return asyncio.run(asyncio.wait_for(collect(), SECONDS_MAX))


def new_operation_id() -> str:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then randomness. Keep it before you send,
    and send it again with the same input when no answer came: nothing is recorded twice.
    From Python 3.14 on this is `uuid.uuid7()`."""
    octets = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    octets[6] = octets[6] & 0x0F | 0x70
    octets[8] = octets[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(octets)))
