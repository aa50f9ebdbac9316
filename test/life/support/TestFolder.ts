import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { runningEmbeddedUrl } from '../../../src/database/embedded/EmbeddedPostgres.js';
import { killAll, ParleyProcess, patiently } from './ParleyProcess.js';

/** A folder for one test file. No process that a test started outlives the test, and the folder not the file. */
export function newTestFolder(): TestFolder {
  const folder = new TestFolder();
  beforeAll(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'parley life '));
  });
  afterEach(async () => {
    await killAll();
    killProcessesIn(folder.path);
    await vi.waitFor(() => expect(processesIn(folder.path)).toEqual([]), patiently);
  });
  afterAll(() => rmSync(folder.path, { recursive: true, maxRetries: 5 }));
  return folder;
}

export class TestFolder {
  path = '';
  private count = 0;
  private filled: string | null = null;

  /** A DATA_DIR that is not there yet. */
  newDataDir(): string {
    this.count += 1;
    return join(this.path, `data ${this.count}`);
  }

  /** A DATA_DIR in which a server has been, with the demo. */
  async usedDataDir(): Promise<string> {
    if (this.filled === null) {
      const made = this.newDataDir();
      const server = new ParleyProcess({ settings: { DATA_DIR: made } });
      await server.url();
      await server.stop();
      this.filled = made;
    }
    const copy = this.newDataDir();
    expect(spawnSync('cp', ['-a', this.filled, copy]).status).toBe(0);
    return copy;
  }
}

/** The processes that work in this folder or below, as PostgreSQL's do in its cluster. */
export function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`);
      } catch {
        return false;
      }
    });
}

export function killProcessesIn(folder: string): void {
  for (const pid of processesIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended meanwhile
    }
  }
}

export const postmasterOf = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]);

/** What PostgreSQL itself has written down of its life. */
export const postgresLogOf = (dataDir: string): string => readFileSync(join(dataDir, 'postgres/log'), 'utf8');

/** A connection past the server, to its PostgreSQL. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {}); // killed servers are what these tests are about
  await client.connect();
  return client;
}

export async function query<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = await connect(url);
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** The PostgreSQL of the server that runs on this DATA_DIR. */
export async function embeddedUrl(dataDir: string): Promise<string> {
  return (await runningEmbeddedUrl(dataDir)) ?? expect.fail(`no PostgreSQL runs in ${dataDir}`);
}
