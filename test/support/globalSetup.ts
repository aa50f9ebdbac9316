import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { Database } from '../../src/database/Database.js';
import { startEmbeddedPostgres } from '../../src/database/embedded/EmbeddedPostgres.js';
import { migrateJobs } from '../../src/jobs/run/JobRunner.js';

const template = 'parley_template';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    templateDatabase: string;
  }
}

/** One PostgreSQL for the run, with a migrated template that every test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'));
  const log = pino({ level: 'warn' });
  const postgres = await startEmbeddedPostgres(join(folder, 'data'), log);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  // Nothing of a test outlives it: what makes commits durable only makes them slow here.
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await client.query(`alter system set ${setting} = off`);
  await client.query('select pg_reload_conf()');
  await client.query(`create database ${template}`);
  await client.end();
  const url = new URL(postgres.url);
  url.pathname = `/${template}`;
  const database = await Database.connect({ url: url.href, poolSize: 2, statementTimeoutMs: 30_000 });
  await database.migrate();
  await migrateJobs(url.href, log);
  await database.close();
  project.provide('postgresUrl', postgres.url);
  project.provide('templateDatabase', template);
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
