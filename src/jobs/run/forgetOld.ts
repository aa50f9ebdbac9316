import sql from 'sql-template-tag';
import { type Clock, later } from '../../clock.js';
import type { Database } from '../../database/Database.js';

/** Twice what is promised. */
const keepKeysSeconds = 48 * 3600;

export async function forgetOld(database: Database, clock: Clock): Promise<void> {
  await database.read(sql`delete from idempotency_keys where created_at < ${later(clock.now(), -keepKeysSeconds)}`);
}
