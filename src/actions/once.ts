import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Viewer } from '../auth/Viewer.js';
import { Refusal } from '../errors.js';
import type { Ring } from '../live/Bells.js';
import type { World } from './World.js';

/** A mutation as it was called. `name` and `input` together are what an idempotency key is bound to. */
export interface Call {
  name: string;
  viewer: Viewer;
  input: object & { idempotencyKey?: string | null };
}

/** What a mutation did, by ids: kept under its idempotency key and read anew, as it is then, for every answer. */
export interface Outcome {
  conversationId: string | null;
  /** the message, whisper or agent that the mutation is about; null when that is the conversation itself */
  subjectId: string | null;
  /** the subject's own entry, if one was appended */
  entryId: string | null;
  /** everything appended, in order */
  entryIds: string[];
}

export interface Done {
  outcome: Outcome;
  rings: Iterable<Ring>;
}

/**
 * Runs a mutation in one transaction, at most once per idempotency key, and rings after the commit. The key is claimed
 * before any other lock, since the same key may come with two conversations or none. Then existence is judged
 * (`find`), then the key, then the input; a refusal rolls all of it back, the claim too.
 */
export async function once<Found>(
  world: World,
  call: Call,
  find: (em: EntityManager) => Promise<Found>,
  work: (em: EntityManager, found: Found) => Promise<Done>,
): Promise<Outcome> {
  return retryingCollisions(async () => {
    const { outcome, rings } = await world.database.orm.em.fork().transactional(async (em): Promise<Done> => {
      const key = call.input.idempotencyKey ?? null;
      const request = key === null ? null : fingerprint(call);
      const claimed = request === null || (await claim(em, world, call.viewer, key!, request));
      const found = await find(em);
      if (!claimed) return { outcome: await remembered(em, call.viewer, key!, request!), rings: [] };
      const done = await work(em, found);
      await em.flush();
      if (request !== null) await remember(em, call.viewer, key!, done.outcome);
      return done;
    });
    world.bells.ring(rings);
    return outcome;
  });
}

async function claim(em: EntityManager, world: World, viewer: Viewer, key: string, request: Buffer): Promise<boolean> {
  const rows = await em.execute(
    `insert into idempotency_keys (actor_id, key, request_sha256, created_at) values (?, ?, ?, ?)
     on conflict do nothing returning key`,
    [viewer.id, key, request, world.clock.now()],
  );
  return rows.length === 1;
}

async function remembered(em: EntityManager, viewer: Viewer, key: string, request: Buffer): Promise<Outcome> {
  const [row] = await em.execute<{ request_sha256: Buffer; outcome: Outcome }[]>(
    'select request_sha256, outcome from idempotency_keys where actor_id = ? and key = ?',
    [viewer.id, key],
  );
  if (!row || !request.equals(row.request_sha256)) throw new Refusal('IDEMPOTENCY_KEY_REUSED', ['idempotencyKey']);
  return row.outcome;
}

async function remember(em: EntityManager, viewer: Viewer, key: string, outcome: Outcome): Promise<void> {
  await em.execute('update idempotency_keys set outcome = ? where actor_id = ? and key = ?', [
    JSON.stringify(outcome),
    viewer.id,
    key,
  ]);
}

function fingerprint({ name, input }: Call): Buffer {
  const canonical = JSON.stringify(input, (name, value) => {
    if (name === 'idempotencyKey') return undefined;
    const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
    return isObject ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  });
  return createHash('sha256').update(`${name}\n${canonical}`).digest();
}

/** Two transactions met: a deadlock or a serialization failure, or both write one external id and the second finds the
 * first's when it runs again. Nothing was written. */
const isCollision = ({ code, constraint }: { code?: string; constraint?: string }) =>
  code === '40P01' || code === '40001' || (code === '23505' && constraint === 'entries_external_id');

async function retryingCollisions<T>(work: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isCollision(error as { code?: string; constraint?: string })) throw error;
    }
  }
}
