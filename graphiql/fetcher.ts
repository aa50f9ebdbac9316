import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import { session } from './session.js';

/** Close code of graphql-ws for a token that is bad or has expired. */
const FORBIDDEN = 4403;

const socket = createClient({
  url: session.endpoint.replace(/^http/, 'ws'),
  connectionParams: () => session.credentials,
  retryAttempts: 4,
  retryWait: (retries) => new Promise((resolve) => setTimeout(resolve, 300 * 2 ** retries)),
  on: {
    // The client connects again by itself: by then with a fresh token, if there is one.
    closed: (event) => {
      if ((event as CloseEvent).code === FORBIDDEN) void session.refresh();
    },
  },
});

// Who becomes somebody else takes the open stream along, over a new socket.
let { token } = session;
session.subscribe(() => {
  if (token === session.token) return;
  token = session.token;
  socket.terminate();
});

/** Queries and mutations over HTTP, subscriptions over the socket, both as the session's present person. */
export const fetcher = createGraphiQLFetcher({
  url: session.endpoint,
  fetch: session.fetch,
  enableIncrementalDelivery: false,
  wsClient: socket,
});
