import { CloseCode, MessageType, parseMessage, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';

/** Of RFC 6455's registry: clients come back. */
export const tryAgainLater = 1013;
const maxReasonBytes = 123;

/** What only a server says. graphql-ws would take it from a client for a failure of its own. */
const toldByServers = new Set<MessageType>([MessageType.ConnectionAck, MessageType.Next, MessageType.Error]);

/**
 * Lets graphql-ws speak through this socket. Its own adapter writes to the console whatever a client does wrong, calls it
 * a failure of the server (4500, for which no client comes back), and reads binary frames. A socket that has not answered
 * a ping by the next one is gone.
 */
export function attachSocket<Extra>(
  door: Server<Extra>,
  socket: WebSocket,
  extra: Extra,
  log: Logger,
  keepAliveMs: number,
): void {
  const close = (code: number, reason: string) =>
    socket.close(code, Buffer.byteLength(reason) > maxReasonBytes ? undefined : reason);

  const closed = door.opened(
    {
      protocol: socket.protocol,
      close,
      // Waits until the operating system has taken it, so that a slow reader slows its stream.
      send: (text) =>
        new Promise((resolve, reject) => {
          if (socket.readyState !== socket.OPEN) return resolve();
          socket.send(text, (error) => (error ? reject(error) : resolve()));
        }),
      onMessage: (listener) =>
        socket.on('message', (data: RawData, isBinary: boolean) => {
          const text = String(data);
          if (isBinary || !isFromClient(text)) return close(CloseCode.BadRequest, 'Invalid message received');
          listener(text).catch((error: unknown) => {
            // Whoever left while something was sent to them is no failure.
            if (socket.readyState !== socket.OPEN) return;
            log.error({ error: String(error) }, 'socket: a message could not be handled');
            close(tryAgainLater, 'Try again later');
          });
        }),
    },
    extra,
  );

  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const heartbeat = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, keepAliveMs);

  // ws closes it with the code that belongs to the mistake.
  socket.on('error', (error) => log.debug({ error: error.message }, 'socket: broken off'));
  socket.once('close', (code, reason) => {
    clearInterval(heartbeat);
    closed(code, String(reason)).catch((error: unknown) =>
      log.error({ error: String(error) }, 'socket: could not be forgotten'),
    );
  });
}

function isFromClient(text: string): boolean {
  try {
    return !toldByServers.has(parseMessage(text).type);
  } catch {
    return false;
  }
}
