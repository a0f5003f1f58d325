// Follows a subscription by graphql-transport-ws and shows the newest message first.

const MESSAGES_SHOWN_MAX = 100;

let socket;

const stopFollowing = () => {
  socket?.close(1000, "stopped");
  socket = undefined;
  field("stop").disabled = true;
};

const follow = (request) => {
  const messages = [];
  const current = new WebSocket(`${location.origin.replace("http", "ws")}/graphql/ws`, "graphql-transport-ws");
  socket = current;
  field("stop").disabled = false;
  show("Connecting.", "");
  const say = (message) => current.send(JSON.stringify(message));
  const on = {
    connection_ack: () => {
      show("Following; nothing came yet.");
      say({ id: "1", type: "subscribe", payload: request });
    },
    ping: ({ payload }) => say({ type: "pong", payload }),
    next: ({ payload }) => {
      messages.unshift(JSON.stringify(payload, null, 2));
      messages.length = Math.min(messages.length, MESSAGES_SHOWN_MAX);
      show(
        `Following; the newest of ${messages.length === MESSAGES_SHOWN_MAX ? "many" : messages.length} first.`,
        messages.join("\n\n"),
        Boolean(payload.errors),
      );
    },
    error: ({ payload }) => {
      show("Refused.", JSON.stringify({ errors: payload }, null, 2), true);
      stopFollowing();
    },
    complete: () => {
      show("The server has nothing more to tell.");
      stopFollowing();
    },
  };
  current.onopen = () => say({ type: "connection_init", payload: token() === "" ? {} : { token: token() } });
  current.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (current === socket) on[message.type]?.(message);
  };
  current.onclose = ({ code, reason }) => {
    if (current !== socket) return;
    stopFollowing();
    show(`The connection ended: ${code} ${reason}`, undefined, true);
  };
};

field("stop").addEventListener("click", () => {
  stopFollowing();
  show("Stopped.");
});
