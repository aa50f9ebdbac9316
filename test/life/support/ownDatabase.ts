import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { query } from './TestFolder.js';

/** A database in which nobody has been, not even Parley's migrations. */
export async function emptyDatabase(
  server = inject('postgresUrl'),
): Promise<{ url: string; drop(): Promise<unknown> }> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await query(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => query(server, `drop database ${name} with (force)`) };
}
