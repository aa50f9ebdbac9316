import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import type { Logger } from 'pino';
import type { Bells, Ring } from './Bells.js';

const channel = 'parley_bells';
const coalesceMs = 5;
const reconnectMs = 500;
/** PostgreSQL takes less than 8000 bytes. */
const maxPayloadBytes = 7000;

/**
 * Bells over LISTEN/NOTIFY. Own listeners hear at once; other nodes by one coalesced NOTIFY outside any writing
 * transaction, since a NOTIFY inside one holds a lock over all commits. While the listening connection is down, rings of
 * other nodes are lost, and the sweep finds what they said.
 */
export class PostgresBells implements Bells {
  private readonly node = randomUUID();
  private readonly listeners = new Set<(ring: Ring) => void>();
  private readonly waiting = new Map<string, Ring>();
  private timer: NodeJS.Timeout | null = null;
  private client: Client | null = null;
  private closed = false;
  private reconnecting: NodeJS.Timeout | null = null;

  constructor(
    private readonly url: string,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  get isListening(): boolean {
    return this.client !== null;
  }

  async open(): Promise<void> {
    const client = new Client({ connectionString: this.url, application_name: 'parley-bells', keepAlive: true });
    client.on('notification', ({ payload }) => this.receive(payload ?? ''));
    client.on('error', (error) => this.log.warn({ error: error.message }, 'bells: connection lost'));
    client.on('end', () => this.reopen());
    await client.connect();
    await client.query(`listen ${channel}`);
    if (this.closed) return client.end();
    this.client = client;
  }

  ring(rings: Iterable<Ring>): void {
    for (const ring of rings) {
      this.tell(ring);
      this.waiting.set(JSON.stringify(ring), ring);
    }
    if (this.waiting.size > 0) this.timer ??= setTimeout(() => this.send(), coalesceMs);
  }

  hear(listener: (ring: Ring) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.reconnecting) clearTimeout(this.reconnecting);
    if (this.timer) await this.send();
    await this.client?.end();
  }

  private async send(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const payloads = batches([...this.waiting.keys()]).map((rings) => `${this.node} [${rings.join(',')}]`);
    this.waiting.clear();
    try {
      await this.pool.query('select pg_notify($1, payload) from unnest($2::text[]) payload', [channel, payloads]);
    } catch (error) {
      this.log.warn({ error: String(error) }, 'bells: a ring was lost');
    }
  }

  private receive(payload: string): void {
    const space = payload.indexOf(' ');
    if (payload.slice(0, space) === this.node) return;
    try {
      for (const ring of JSON.parse(payload.slice(space + 1)) as Ring[]) this.tell(ring);
    } catch (error) {
      // Whoever may connect to the database may ring, and this is called from the socket: nobody above would catch it.
      this.log.warn({ error: String(error) }, 'bells: what is no ring was ignored');
    }
  }

  private tell(ring: Ring): void {
    for (const listener of this.listeners) listener(ring);
  }

  private reopen(): void {
    this.client = null;
    if (this.closed || this.reconnecting) return;
    this.reconnecting = setTimeout(() => {
      this.reconnecting = null;
      this.open().catch((error: Error) => {
        this.log.warn({ error: error.message }, 'bells: cannot listen yet');
        this.reopen();
      });
    }, reconnectMs);
  }
}

function batches(rings: string[]): string[][] {
  const result: string[][] = [];
  let size = maxPayloadBytes;
  for (const ring of rings) {
    size += ring.length + 1;
    if (size > maxPayloadBytes) {
      result.push([]);
      size = ring.length + 1;
    }
    result.at(-1)!.push(ring);
  }
  return result;
}
