import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A connection without manners: what is written goes out as it is. */
export function connectTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  // A connection that is cut off says so with an error, and ends all the same.
  return connect(Number(port), hostname).on('error', () => {});
}

/** All that the server answers to these bytes until it ends the connection. */
export async function exchange(url: string, bytes: string | Buffer): Promise<string> {
  const socket = connectTo(url);
  socket.write(bytes);
  return text(socket).catch(() => '');
}

/** A request as it goes over the wire, the last one of its connection. */
export const request = (line: string, headers: readonly string[], body: string | Buffer = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      [`${line} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...headers, '', ''].join('\r\n'),
      'latin1',
    ),
    Buffer.from(body),
  ]);

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
