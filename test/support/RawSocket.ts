import { type ClientOptions, WebSocket } from 'ws';
import { search } from './canaries.js';
import { EventQueue } from './EventQueue.js';
import type { Person } from './Person.js';

export interface Frame {
  type: string;
  id?: string;
  payload?: any;
}

/** A socket spoken frame by frame: for what a well-behaved client never does, and for bytes. */
export class RawSocket {
  readonly socket: WebSocket;
  readonly frames: EventQueue<Frame>;
  readonly texts: string[] = [];
  private token: string | null = null;

  constructor(url: string, protocols = ['graphql-transport-ws'], options: ClientOptions = {}) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocols, options);
    this.frames = new EventQueue(() => this.socket.terminate());
    this.socket.on('message', (data) => {
      this.texts.push(String(data));
      search(this.token, 'a socket', String(data));
      this.frames.push(JSON.parse(String(data)));
    });
    this.socket.on('unexpected-response', (_, response) => {
      this.frames.end({ status: response.statusCode });
      response.destroy();
    });
    this.socket.on('error', (error) => this.frames.end({ error: error.message }));
    this.socket.on('close', (code, reason) => this.frames.end({ code, reason: String(reason) }));
  }

  /** A socket of this person that the server has acknowledged. */
  static async of(person: Person, url: string): Promise<RawSocket> {
    const socket = new RawSocket(url);
    await socket.init(person.token);
    await socket.frames.next(({ type }) => type === 'connection_ack');
    return socket;
  }

  async opened(): Promise<void> {
    if (this.socket.readyState === WebSocket.OPEN) return;
    await new Promise((resolve) => this.socket.once('open', resolve));
  }

  async init(token: string | null): Promise<void> {
    await this.opened();
    this.token = token;
    this.send({ type: 'connection_init', payload: token === null ? {} : { authorization: `Bearer ${token}` } });
  }

  send(frame: Frame | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  subscribe(id: string, query: string, variables: Record<string, unknown> = {}): void {
    this.send({ type: 'subscribe', id, payload: { query, variables } });
  }

  /** How it was closed: `{ code, reason }`; or, if it never opened, `{ status }` of HTTP. */
  whenClosed(): Promise<any> {
    return this.frames.whenEnded();
  }

  /** Drops the connection without a word. */
  drop(): void {
    this.socket.terminate();
  }
}
