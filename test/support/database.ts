import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { Database } from '../../src/database/Database.js';

export interface FreshDatabase {
  url: string;
  database: Database;
  drop(): Promise<void>;
}

/** A database of its own, migrated and empty: a copy of the run's template. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const { url, drop } = await freshDatabaseUrl();
  const database = await Database.connect({ url, poolSize: 8, statementTimeoutMs: 5000 });
  return {
    url,
    database,
    async drop() {
      await database.close();
      await drop();
    },
  };
}

/** The same without a connection: for a server that makes its own. */
export async function freshDatabaseUrl(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = inject('postgresUrl');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await admin(server, `create database ${name} template ${inject('templateDatabase')}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin(server, `drop database if exists ${name} with (force)`) };
}

async function admin(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
