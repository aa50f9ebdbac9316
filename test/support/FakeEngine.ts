import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

export interface Asked {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

type Respond = (asked: Asked) => Promise<unknown> | unknown;

/** An HTTP server that answers as a test says, with JSON unless it is told otherwise, and remembers what it was asked. */
export class FakeEngine {
  readonly asked: Asked[] = [];
  /** What to send instead of an answer; null: the answer. */
  trouble: ((response: ServerResponse) => void) | null = null;
  private server: Server | null = null;

  private constructor(private readonly respond: Respond) {}

  static async start(respond: Respond): Promise<FakeEngine> {
    const engine = new FakeEngine(respond);
    await engine.open(0);
    return engine;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What was asked for under this path. */
  at(path: string): Asked[] {
    return this.asked.filter((one) => one.path === path);
  }

  /** Nobody listens any more, until `reopen`. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server!.close(resolve));
    this.server!.closeAllConnections();
    await closed;
  }

  reopen(): Promise<void> {
    return this.open(this.port);
  }

  private port = 0;

  private async open(port: number): Promise<void> {
    this.server = createServer((request, response) => void this.handle(request, response)).listen(port, '127.0.0.1');
    await new Promise((resolve) => this.server!.once('listening', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = { path: request.url!, headers: request.headers, body: await text(request) };
    this.asked.push(asked);
    if (this.trouble !== null) return this.trouble(response);
    const answer = await this.respond(asked);
    if (answer === undefined) return void response.writeHead(400).end('{"error":"no"}');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  }
}

/** The ways in which an answer can be worth nothing. */
export const garbage: Record<string, (response: ServerResponse) => void> = {
  'a page in HTML': (response) => response.end('<html>Bad gateway</html>'),
  'a failure': (response) => response.writeHead(500).end('{"error":"out of memory"}'),
  'JSON of another shape': (response) => response.end('{"translatedText":{"0":"x"},"choices":[],"translations":"x"}'),
  'half of an answer': (response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"translatedText":["x');
    setImmediate(() => response.destroy());
  },
  'bytes that are no text': (response) => response.end(gzipSync('{}')),
  'a way to elsewhere': (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
};
