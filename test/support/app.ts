import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type App, type AppOptions, startApp } from '../../src/app.js';
import type { Clock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { freshDatabaseUrl } from './database.js';

/** A clock that goes with the real one until a test turns it forward. */
export class TestClock implements Clock {
  private ahead = 0;

  now(): Date {
    return new Date(Date.now() + this.ahead);
  }

  advance(seconds: number): void {
    this.ahead += seconds * 1000;
  }
}

export interface TestApp extends App {
  clock: TestClock;
  databaseUrl: string;
  /** the folder of uploaded files */
  filesFolder: string;
}

/** The application as it is shipped, on a free port and a database of its own, without the demo. */
export async function startTestApp(
  settings: Record<string, string> = {},
  options: Partial<AppOptions> = {},
): Promise<TestApp> {
  const fresh = options.databaseUrl === undefined ? await freshDatabaseUrl() : null;
  const databaseUrl = options.databaseUrl ?? fresh!.url;
  const clock = new TestClock();
  const filesFolder = await mkdtemp(join(tmpdir(), 'parley-files-'));
  const config = readConfig({
    PORT: '0',
    DEMO: '0',
    GRAPHIQL: '0',
    LOG_LEVEL: 'error',
    DATABASE_POOL_SIZE: '6',
    FILE_STORE: filesFolder,
    ...settings,
  });
  const log = pino({ level: config.LOG_LEVEL }, pino.destination(2));
  const app = await startApp({ config, log, databaseUrl, clock, ...options });
  return {
    ...app,
    clock,
    databaseUrl,
    filesFolder,
    async close() {
      await app.close();
      await fresh?.drop();
      await rm(filesFolder, { recursive: true, force: true });
    },
  };
}
