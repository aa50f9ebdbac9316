import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir } from './DataDirLock.js';
import { complaint, PostgresPrograms } from './PostgresPrograms.js';
import { canSeeProcesses, endPostgresProcesses, postgresProcesses } from './postgresProcesses.js';

/** A PostgreSQL that this process started and looks after. */
export interface EmbeddedPostgres {
  /** of the database "parley", with its password */
  readonly url: string;
  /** Resolves with the exit code when the server ends without having been asked to; not after `stop`. */
  readonly exited: Promise<number | null>;
  /** Fast shutdown (what is committed stays, what is under way is rolled back), then gives the DATA_DIR back. */
  stop(): Promise<void>;
}

interface Log {
  info(o: object, m: string): void;
  warn(o: object, m: string): void;
}

const DATABASE = 'parley';
const UNFINISHED = 'postgres.new-';
const FAST_STOP_MS = 4_000;
const PORT_ATTEMPTS = 5;

/**
 * Takes the lock of this DATA_DIR (made if missing), repairs what an earlier death left, makes the database on first
 * use and starts PostgreSQL. Throws DataDirInUse, or an Error of one line for the operator.
 */
export async function startEmbeddedPostgres(dataDir: string, log: Log): Promise<EmbeddedPostgres> {
  // May be passed through, not listed: PostgreSQL may have to run as another user.
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const folder = realpathSync(dataDir);
  const unlock = lockDataDir(folder);
  try {
    return await start(folder, log, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The URL of the PostgreSQL that a running server keeps in this DATA_DIR, or null. Takes no lock, disturbs nothing. */
export async function runningEmbeddedUrl(dataDir: string): Promise<string | null> {
  if (!existsSync(dataDir)) return null;
  const place = placeIn(realpathSync(dataDir));
  const postmaster = readPostmaster(place);
  if (!postmaster?.ready) return null;
  if (canSeeProcesses && !postgresProcesses(clusterName(place)).includes(postmaster.pid)) return null;
  return urlOf(place, postmaster.port);
}

/** Where things are. Password, cluster and log are one folder, so that one rename brings all of a new database. */
function placeIn(dataDir: string) {
  return placeAt(join(dataDir, 'postgres'));
}

function placeAt(root: string) {
  return { root, cluster: join(root, 'cluster'), password: join(root, 'password'), log: join(root, 'log') };
}
type Place = ReturnType<typeof placeAt>;

async function start(dataDir: string, log: Log, unlock: () => void): Promise<EmbeddedPostgres> {
  const began = performance.now();
  const place = placeIn(dataDir);
  const owner = ownerOf(place);
  const programs = await PostgresPrograms.find(dataDir, owner);

  await removeUnfinished(dataDir);
  if (existsSync(place.root)) {
    checkVersion(place, programs);
    await endLeftovers(place, log);
    if (programs.account.uid !== owner.uid) giveTo(programs, place);
  } else {
    const unfinished = placeAt(mkdtempSync(join(dataDir, UNFINISHED)));
    await initialise(unfinished, programs);
    renameSync(unfinished.root, place.root);
    sync(dataDir);
    log.info({ folder: place.root }, 'made the embedded database');
  }

  const { child, port } = await launch(place, programs);
  log.info(
    { version: programs.version, port, ms: Math.round(performance.now() - began) },
    'the embedded PostgreSQL is ready',
  );

  let stopped: Promise<void> | undefined;
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve([null]);
  return {
    url: urlOf(place, port),
    exited: new Promise((resolve) => {
      ended.then(([code]) => {
        if (!stopped) resolve(code);
      });
    }),
    stop() {
      stopped ??= (async () => {
        child.kill('SIGINT');
        // It may hang in recovery, or over a full disk: the immediate way loses nothing, it costs a recovery.
        const impatience = setTimeout(() => child.kill('SIGQUIT'), FAST_STOP_MS);
        await ended;
        clearTimeout(impatience);
        unlock();
      })();
      return stopped;
    },
  };
}

/** Whose the database is, or will be. An ordinary user can only run their own. */
function ownerOf(place: Place): { uid: number; gid: number } {
  const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (!existsSync(place.root)) return me;
  const { uid, gid } = statSync(place.root);
  if (me.uid !== 0 && uid !== me.uid) {
    throw new Error(`${place.root} belongs to another user (uid ${uid}): start as that user, or set another DATA_DIR.`);
  }
  return { uid, gid };
}

function checkVersion(place: Place, programs: PostgresPrograms): void {
  const had = readFileSync(join(place.cluster, 'PG_VERSION'), 'utf8').trim();
  const [major] = programs.version.split('.');
  if (had === major) return;
  throw new Error(
    `${place.root} was made by PostgreSQL ${had}, this is ${major}: ` +
      'move the data with pg_dump of the old version, or set another DATA_DIR.',
  );
}

/** Makes a complete database; one that is killed meanwhile is in nobody's way, its folder has another name. */
async function initialise(place: Place, programs: PostgresPrograms): Promise<void> {
  writeFileSync(place.password, randomBytes(24).toString('hex'), { mode: 0o600, flush: true });
  giveTo(programs, place);
  await programs.run(
    'initdb',
    [
      ...['-D', place.cluster, '--username', DATABASE, '--pwfile', place.password, '--auth', 'scram-sha-256'],
      ...['--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8', '--no-instructions'],
    ],
    { cwd: place.root },
  );
  await programs.run('postgres', ['--single', '-D', place.cluster, '-c', 'exit_on_error=on', 'postgres'], {
    cwd: place.root,
    input: `CREATE DATABASE ${DATABASE}\n`,
  });
  sync(place.root);
}

/** What a first start left that was killed. initdb's own children may write for another moment, hence the retries. */
async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith(UNFINISHED)) continue;
    await endPostgresProcesses(join(dataDir, name));
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 10 });
  }
}

/**
 * Ends the PostgreSQL of a server that was killed, and removes the file by which it would block the next one.
 * We hold the lock, so nobody uses it.
 */
async function endLeftovers(place: Place, log: Log): Promise<void> {
  if (!canSeeProcesses) return; // PostgreSQL judges its pid file by itself, and refuses to start in doubt
  const pids = postgresProcesses(clusterName(place));
  if (pids.length > 0) {
    log.warn({ pids }, 'ending the PostgreSQL that a killed server left behind');
    await endPostgresProcesses(clusterName(place), readPostmaster(place)?.pid);
  }
  // Nobody is alive here: whatever pid it names is a zombie's or a stranger's, which PostgreSQL would take for its own.
  rmSync(join(place.cluster, 'postmaster.pid'), { force: true });
}

/** PostgreSQL shows it in the title of all its processes. Of the folder, not in it: a copy is another database. */
function clusterName(place: Place): string {
  const { dev, ino } = statSync(place.cluster);
  return `parley(${dev}.${ino})`;
}

async function launch(place: Place, programs: PostgresPrograms) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const log = openSync(place.log, 'a', 0o600);
    const before = statSync(place.log).size;
    const child = programs.start(
      [
        ...['-D', place.cluster, '-p', `${port}`, '-c', `cluster_name=${clusterName(place)}`],
        ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
        ...['-c', 'max_connections=100', '-c', 'shared_buffers=128MB'],
        // Failed statements, and the customers' words in them, are not for this log; it stays small.
        ...['-c', 'log_min_messages=log', '-c', 'log_checkpoints=off'],
      ],
      { cwd: place.cluster, log },
    );
    closeSync(log);
    await once(child, 'spawn');

    // No limit of time: recovery after a crash takes what it takes, and a server that gives up exits.
    while (child.exitCode === null && child.signalCode === null) {
      const postmaster = readPostmaster(place);
      if (postmaster?.ready && postmaster.pid === child.pid) return { child, port };
      await sleep(20);
    }
    const said = readFileSync(place.log).subarray(before).toString();
    // Somebody took the port between our look and PostgreSQL's.
    if (said.includes('could not create any TCP/IP sockets') && attempt < PORT_ATTEMPTS) continue;
    throw new Error(`PostgreSQL did not start: ${complaint(said)} (see ${place.log})`);
  }
}

function readPostmaster(place: Place): { pid: number; port: number; ready: boolean } | null {
  try {
    const lines = readFileSync(join(place.cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function urlOf(place: Place, port: number): string {
  const password = readFileSync(place.password, 'utf8').trim();
  return `postgres://${DATABASE}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function giveTo({ account }: PostgresPrograms, place: Place): void {
  if (process.getuid?.() !== 0) return;
  for (const name of readdirSync(place.root, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(place.root, name), account.uid, account.gid);
  }
  // Last, because by its owner the next start tells whose all of it is.
  lchownSync(place.root, account.uid, account.gid);
}

function sync(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
