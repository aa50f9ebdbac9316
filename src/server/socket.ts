import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, GraphQLError } from 'graphql';
import { CloseCode, type Context as Connection, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Viewer } from '../auth/Viewer.js';
import type { Config } from '../config.js';
import { unauthenticated } from '../errors.js';
import { attachSocket, tryAgainLater } from './attachSocket.js';
import { bearerToken } from './bearerToken.js';
import type { Core, OperationContext } from './Core.js';
import { isOriginAllowed } from './origins.js';
import { operationOf, type Pipeline } from './pipeline.js';

/** Our own close code, which clients take for a reason to come back with their cursors. */
const tooSlow = 4490;
const guardEveryMs = 2500;
const maxBufferedBytes = 1024 * 1024;

type Stream = AsyncIterableIterator<ExecutionResult>;
interface Extra {
  socket: WebSocket;
  viewer?: Viewer;
  /** What runs, by its id, from the moment it was asked for. graphql-ws forgets a stream whose id is given away again. */
  operations?: Map<string, Stream | null>;
}
type Connected = Connection<Record<string, unknown>, Extra>;

export interface SocketDoor {
  readonly sockets: number;
  /** Tells every client to come back elsewhere (1001), and ends its streams. */
  close(): Promise<void>;
}

/** Subscriptions over graphql-transport-ws, at /graphql. A client that is gone is noticed in twice `keepAliveMs`. */
export function serveSocket(
  server: Server,
  core: Core,
  pipeline: Pipeline,
  config: Config,
  log: Logger,
  keepAliveMs = 12_000,
): SocketDoor {
  const connections = new Set<Connected>();
  const sockets = new WebSocketServer({
    noServer: true,
    // A client that reads nothing answers no close frame either: it must not hold up the end.
    ...({ closeTimeout: 1000 } as object),
    maxPayload: config.MAX_REQUEST_BYTES,
    perMessageDeflate: false,
    handleProtocols,
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refusalOfUpgrade(request, config, sockets.clients.size);
    if (refusal !== null) {
      // Node has taken its own listener away: somebody who hangs up before the answer would end the process.
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) =>
      attachSocket(door, opened, { socket: opened }, log, keepAliveMs),
    );
  });

  const door = makeServer<Record<string, unknown>, Extra>({
    schema: pipeline.schema,
    connectionInitWaitTimeout: config.CONNECTION_INIT_TIMEOUT_MS,
    async onConnect(connection) {
      try {
        return await welcome(connection);
      } catch (error) {
        log.warn({ error: String(error) }, 'socket: nobody can be authenticated now');
        connection.extra.socket.close(tryAgainLater, 'Try again later');
        return false;
      }
    },
    async onClose(connection) {
      if (connections.delete(connection)) core.presence.left(connection.extra.viewer!);
      for (const stream of connection.extra.operations?.values() ?? []) await stream?.return?.();
    },
    async onSubscribe(connection, id, payload) {
      const { socket, operations } = connection.extra;
      if (operations!.has(id)) {
        socket.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists');
        return [refused('BAD_REQUEST', 'This id is in use.')];
      }
      operations!.set(id, null);
      const answer = await admittedOrErrors(connection, id, payload);
      if (!('schema' in answer)) operations!.delete(id);
      return answer;
    },
    onOperation(connection, id, _payload, _args, result) {
      if (!isStream(result)) return;
      if (connections.has(connection)) connection.extra.operations!.set(id, result as Stream);
      else void (result as Stream).return?.();
    },
    async onComplete(connection, id) {
      connection.extra.operations!.delete(id);
      // Whoever is no longer let in is told so, and not that the stream is over: they come back with a fresh token.
      await closeIfGone(connection);
    },
    execute: refuseToExecute,
    subscribe: subscribeAnew,
    onError: (connection, id, _payload, errors) =>
      errors.map((error) => pipeline.mask(error.toJSON(), error, requestId(connection, id))),
    onNext: (connection, id, _payload, _args, result) => {
      if (!result.errors) return undefined;
      const errors = result.errors
        .slice(0, config.MAX_ERRORS)
        .map((error) => pipeline.mask(error.toJSON(), error, requestId(connection, id)));
      return { ...result, errors } as unknown as ExecutionResult;
    },
  });

  /** Whether this caller may have one more socket. */
  async function welcome(connection: Connected): Promise<boolean> {
    const { extra } = connection;
    const token = bearerToken(connection.connectionParams?.authorization);
    const viewer = token === null ? null : await core.principals.authenticate(token);
    // One that was closed meanwhile would never be forgotten.
    if (viewer === null || extra.socket.readyState !== extra.socket.OPEN) return false;
    const own = [...connections].filter((other) => other.extra.viewer?.id === viewer.id);
    if (own.length >= config.MAX_SOCKETS_PER_CALLER) {
      extra.socket.close(CloseCode.TooManyInitialisationRequests, 'Too many sockets');
      return false;
    }
    extra.viewer = viewer;
    extra.operations = new Map();
    connections.add(connection);
    core.presence.arrived(viewer);
    return true;
  }

  async function admittedOrErrors(connection: Connected, id: string, payload: SubscribePayload) {
    try {
      return await admitted(connection, id, payload);
    } catch (error) {
      return [error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error })];
    }
  }

  async function admitted(
    connection: Connected,
    id: string,
    { query, operationName, variables: given }: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const { extra } = connection;
    const variables = given ?? {};
    if (Object.keys(connection.subscriptions).length > config.MAX_SUBSCRIPTIONS_PER_SOCKET) {
      return [refused('RATE_LIMITED', `A socket takes at most ${config.MAX_SUBSCRIPTIONS_PER_SOCKET} subscriptions.`)];
    }
    const viewer = await core.principals.current(extra.viewer!);
    if (viewer === null) {
      extra.socket.close(CloseCode.Forbidden, 'Forbidden');
      return [unauthenticated()];
    }
    const document = pipeline.document(query);
    if (!('kind' in document)) return document;
    const operation = operationOf(document, operationName);
    if (!operation) return [refused('BAD_REQUEST', 'There is no such operation in the document.')];
    if (operation.operation !== 'subscription') return [refused('BAD_REQUEST', 'Queries and mutations go over HTTP.')];
    pipeline.admit({ document, operation, operationName, variables }, viewer, viewer.id);
    const contextValue = core.contextOf(viewer, requestId(connection, id));
    return {
      schema: pipeline.schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables,
      contextValue,
    };
  }

  const guard = setInterval(() => {
    for (const connection of connections) {
      cutOffIfStalled(connection.extra.socket);
      void closeIfGone(connection);
    }
  }, guardEveryMs);
  const stalled = new WeakMap<WebSocket, number>();

  async function closeIfGone({ extra }: Connected): Promise<void> {
    try {
      if ((await core.principals.current(extra.viewer!)) === null) extra.socket.close(CloseCode.Forbidden, 'Forbidden');
    } catch (error) {
      log.warn({ error: String(error) }, 'socket: a standing cannot be read now');
    }
  }

  function cutOffIfStalled(socket: WebSocket): void {
    const waiting = socket.bufferedAmount;
    const before = stalled.get(socket) ?? 0;
    stalled.set(socket, waiting);
    // It took nothing since the last look, or far too much is waiting: a close frame would wait behind the rest.
    if (waiting > maxBufferedBytes || (before > 0 && waiting >= before)) {
      socket.close(tooSlow, 'Too slow');
      setTimeout(() => socket.terminate(), 500);
    }
  }

  const deaf = core.onStandingChange((actorId) => {
    for (const connection of connections) if (connection.extra.viewer?.id === actorId) void closeIfGone(connection);
  });

  return {
    get sockets() {
      return connections.size;
    },
    async close() {
      clearInterval(guard);
      deaf();
      for (const socket of sockets.clients) socket.close(1001, 'Going away');
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}

function refusalOfUpgrade({ url, headers }: IncomingMessage, config: Config, open: number): string | null {
  if (url?.split('?')[0] !== '/graphql') return '404 Not Found';
  if (open >= config.MAX_SOCKETS) return '503 Service Unavailable';
  const { origin, host } = headers;
  return origin === undefined || isOriginAllowed(config, origin, host) ? null : '403 Forbidden';
}

const requestId = ({ extra }: Connected, id: string) => `${extra.viewer?.id ?? 'nobody'}/${id}`;

const refused = (code: string, message: string) => new GraphQLError(message, { extensions: { code } });

function refuseToExecute(): never {
  throw new Error('only subscriptions reach the socket');
}

/** Each event of a stream is an execution of its own with loaders of its own: what was read for the last is not kept. */
async function subscribeAnew(args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!isStream(source)) return source;
  const events = source[Symbol.asyncIterator]();
  const results: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      const event = await events.next();
      if (event.done) return event;
      const contextValue = (args.contextValue as OperationContext).fresh();
      return { done: false, value: await execute({ ...args, rootValue: event.value, contextValue }) };
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
    async throw(error) {
      await events.return?.();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  return results;
}

const isStream = (source: object): source is AsyncIterable<unknown> => Symbol.asyncIterator in source;
