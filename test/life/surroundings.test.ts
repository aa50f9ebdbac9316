import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.js';
import { emptyDatabase } from './support/ownDatabase.js';
import { demoPersonAt, machinePath, npmStart, ParleyProcess, project, run } from './support/ParleyProcess.js';
import { newTestFolder, processesIn, query } from './support/TestFolder.js';

const folder = newTestFolder();
const isRoot = process.getuid?.() === 0;
const nobody = 65534;
const serve = [process.execPath, 'dist/main.js'];

/** Somebody is served. */
async function works(server: ParleyProcess): Promise<void> {
  const ben = await demoPersonAt(await server.url(), 'ben@acme.test');
  expect(await ben.ask('{ viewer { workspace { name } } }')).toEqual({ viewer: { workspace: { name: 'Acme' } } });
}

describe('a project in a folder of mode 0700 with a space in its path', { timeout: 60_000 }, () => {
  let from: string;
  beforeAll(() => {
    from = join(folder.path, 'a folder with spaces', 'parley');
    mkdirSync(from, { recursive: true });
    for (const part of ['package.json', 'dist', 'node_modules']) {
      const copied = ['-al', '-a'].some((how) => spawnSync('cp', [how, join(project, part), from]).status === 0);
      expect(copied, `could not copy ${part}`).toBe(true);
    }
    chmodSync(folder.path, 0o700);
  });

  test('runs with an empty environment, keeps its data in .data, and starts again', async () => {
    const first = new ParleyProcess({ command: npmStart, from });
    await works(first);
    expect(readdirSync(join(from, '.data')).sort()).toEqual(['lock', 'postgres']);
    await first.kill();
    const next = new ParleyProcess({ command: npmStart, from });
    await works(next);
    await next.stop();
    expect(processesIn(from)).toEqual([]);
  });

  test('runs for an ordinary user, whose all files are', async (context) => {
    context.skip(!isRoot, 'only root can become another user');
    chmodSync(folder.path, 0o755);
    const home = join(folder.path, 'home of nobody');
    mkdirSync(home);
    chownSync(home, nobody, nobody);
    const DATA_DIR = join(home, 'data');
    const first = new ParleyProcess({ command: npmStart, from, uid: nobody, settings: { DATA_DIR, HOME: home } });
    await works(first);
    await first.kill();
    const next = new ParleyProcess({ command: npmStart, from, uid: nobody, settings: { DATA_DIR, HOME: home } });
    await works(next);
    await next.stop();
    const owners = readdirSync(DATA_DIR, { recursive: true, encoding: 'utf8' }).map(
      (name) => statSync(join(DATA_DIR, name)).uid,
    );
    expect(new Set(owners)).toEqual(new Set([nobody]));
    chmodSync(folder.path, 0o700);
  });
});

describe('a second server on the same DATA_DIR', { timeout: 60_000 }, () => {
  test('is refused with one line, and the first does not notice', async () => {
    const settings = { DATA_DIR: await folder.usedDataDir() };
    const first = new ParleyProcess({ settings });
    await works(first);
    const second = await run(serve, { settings });
    expect(second).toEqual({
      code: 1,
      complaint: expect.stringMatching(/^Parley cannot start: Another server is running on the DATA_DIR .*\.\n$/),
      printed: [],
    });
    await works(first);
    await first.stop();
  });
});

describe('what stands in the way of a start is said in one line', { timeout: 60_000 }, () => {
  test('a Node that is too old', async (context) => {
    const olds = machinePath
      .split(delimiter)
      .map((bin) => join(bin, 'node'))
      .filter(
        (node) => existsSync(node) && Number(/^v(\d+)/.exec(spawnSync(node, ['-v']).stdout.toString())?.[1]) < 24,
      );
    context.skip(olds.length === 0, 'no Node on this machine is older than 24');
    const { code, complaint } = await run([olds[0]!, 'dist/main.js']);
    expect(code).toBe(1);
    expect(complaint).toMatch(/^Parley needs Node 24, this is [\d.]+\. .+\n$/);
  });

  const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://localhost/x', AUTH_SECRET: 'x'.repeat(32) };
  test.each<[string, Record<string, string>]>([
    ['PORT', { PORT: 'abc' }],
    ['PORT', { PORT: '65536' }],
    ['AUTH_SECRET', { AUTH_SECRET: 'x'.repeat(31) }],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://localhost/x' }],
    ['DATABASE_URL', { ...production, DATABASE_URL: '' }],
    ['AUTH_SECRET', { ...production, AUTH_SECRET: '' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['FILE_STORE', { FILE_STORE: 'gs://bucket' }],
    ['FILE_STORE', { FILE_STORE: 's3://bucket?endpoint=nowhere' }],
    ['FILE_STORE', { FILE_STORE: 's3://bucket/folder' }],
    ['TRANSLATION_ENGINE', { TRANSLATION_ENGINE: 'babelfish' }],
    ['TRANSLATION_ENGINE', { TRANSLATION_URL: 'http://127.0.0.1:5000' }],
    ['TRANSLATION_URL', { TRANSLATION_ENGINE: 'apertium' }],
    ['TRANSLATION_KEY', { TRANSLATION_ENGINE: 'deepl', TRANSLATION_URL: 'https://api-free.deepl.com' }],
    ['AI_MODEL_URL, AI_MODEL', { TRANSLATION_ENGINE: 'openai', AI_MODEL: 'small-1' }],
    ['AUTH_ISSUER, AUTH_AUDIENCE', { AUTH_JWKS_URL: 'https://localhost/keys' }],
  ])('a wrong %s: %j', async (name, settings) => {
    const DATA_DIR = folder.newDataDir();
    const { code, complaint, printed } = await run(serve, {
      settings: { DATA_DIR, ...settings },
    });
    expect(code).toBe(1);
    expect(complaint).toMatch(new RegExp(`^Setting ${name}: .+\\n$`));
    expect(printed).toEqual([]);
    expect(existsSync(DATA_DIR)).toBe(false);
  });

  test.each([
    ['PORT: a whole number from 0 to 65535', { PORT: 'abc' }],
    ['PORT: a whole number from 0 to 65535', { PORT: '1.5' }],
    ['MAX_COST: a whole number from 1 to 2000000000', { MAX_COST: '0' }],
    ['DATABASE_POOL_SIZE: a whole number from 2 to 1000', { DATABASE_POOL_SIZE: '1' }],
    ['AUTH_SECRET: at least 32 bytes', { AUTH_SECRET: 'short' }],
    ['DATABASE_URL: a URL that begins with postgres://', { DATABASE_URL: 'mysql://localhost/x' }],
    ['PUBLIC_URL: a URL that begins with http:// or https://', { PUBLIC_URL: 'parley.example' }],
    ['TRUST_PROXY: addresses or networks, with commas between', { TRUST_PROXY: '127.0.0.1, true' }],
  ])('%s, for %j', (message, settings) => {
    expect(() => readConfig(settings)).toThrow(new ConfigError(message));
  });

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const settings = { DATA_DIR: await folder.usedDataDir(), PORT: `${port}` };
    const { code, complaint, printed } = await run(serve, { settings });
    other.close();
    expect(code).toBe(1);
    expect(complaint).toMatch(/^Parley cannot start: .*address already in use.*\n$/);
    expect(printed.map((line) => JSON.parse(line)).filter(({ level }) => level > 30)).toEqual([]);
    expect(processesIn(settings.DATA_DIR)).toEqual([]);
  });

  test('a database server that does not answer', async () => {
    const settings = { DATABASE_URL: 'postgres://127.0.0.1:1/parley' };
    expect(await run(serve, { settings })).toMatchObject({
      code: 1,
      complaint: 'Parley cannot start: connect ECONNREFUSED 127.0.0.1:1\n',
    });
  });

  test('a database that is not there, which is not made', async () => {
    const missing = new URL(inject('postgresUrl'));
    missing.pathname = '/missing';
    const settings = { DATABASE_URL: missing.href };
    expect(await run(serve, { settings })).toEqual({
      code: 1,
      complaint: 'Parley cannot start: database "missing" does not exist\n',
      printed: [],
    });
  });

  test('a PostgreSQL that is too old', async () => {
    const { url, drop } = await emptyDatabase();
    // One that says so of itself: its own answer stands before PostgreSQL's.
    const name = new URL(url).pathname.slice(1);
    await query(url, `alter database ${name} set search_path = public, pg_catalog`);
    await query(
      url,
      `create function public.current_setting(text) returns text language sql as
       $$ select case $1 when 'server_version_num' then '140019' else '14.19' end $$`,
    );
    expect(await run(serve, { settings: { DATABASE_URL: url } })).toEqual({
      code: 1,
      complaint: 'Parley cannot start: The database is PostgreSQL 14.19; Parley needs 15 or later\n',
      printed: [],
    });
    expect(await query(url, `select from pg_tables where schemaname = 'public'`)).toEqual([]);
    await drop();
  });
});
