import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { type DemoPerson, demoPerson } from '../../../src/demo/people.js';
import { Person } from '../../support/Person.js';

export const project = fileURLToPath(new URL('../../..', import.meta.url));
export const patiently = { timeout: 30_000, interval: 20 };

/** The PATH of a machine on which nobody has installed the project: npm has to find the project's Node by itself. */
export const machinePath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);

export const npmStart = ['npm', 'start'];

export interface Start {
  /** The program and its arguments; the server without npm by default, which starts half a second sooner. */
  command?: readonly string[];
  /** A project in another folder than this one. */
  from?: string;
  /** All of the environment, besides PATH and PORT=0. */
  settings?: Record<string, string>;
  /** As whom, when it is not the user who tests. */
  uid?: number;
}

const running = new Set<ParleyProcess>();

/** A program of the project, in a process group of its own and with no more environment than it is given. */
export class ParleyProcess {
  /** What it wrote to stdout so far. */
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  /** When it has ended and all that it wrote is read: its exit code (null after a signal) and its stderr. */
  readonly ended: Promise<{ code: number | null; complaint: string }>;
  private hasEnded = false;

  constructor({ command = [process.execPath, 'dist/main.js'], from = project, settings = {}, uid }: Start) {
    expect(existsSync(join(from, 'dist/main.js')), 'dist/main.js is not there: run "npm run build" first').toBe(true);
    const [program = '', ...args] = command;
    const options: SpawnOptions = { cwd: from, detached: true, stdio: ['ignore', 'pipe', 'pipe'] };
    const env = { PATH: machinePath, PORT: '0', ...settings };
    this.child = spawn(program, args, { ...options, env, ...(uid !== undefined && { uid, gid: uid }) });
    running.add(this);
    const { stdout, stderr } = this.child;
    createInterface({ input: stdout! }).on('line', (line) => this.lines.push(line));
    this.ended = Promise.all([once(this.child, 'close'), text(stderr!)]).then(([[code], complaint]) => {
      this.hasEnded = true;
      running.delete(this);
      return { code: code as number | null, complaint };
    });
  }

  /** The first line of stdout that has this in it, as soon as it is there. Fails when the process ends without it. */
  async says(words: string): Promise<string> {
    const found = () => this.lines.find((line) => line.includes(words));
    await vi.waitFor(
      () => expect(this.hasEnded || found(), `no "${words}" in\n${this.lines.join('\n')}`).toBeTruthy(),
      {
        ...patiently,
      },
    );
    return found() ?? expect.fail(`ended without "${words}": ${(await this.ended).complaint}${this.lines.join('\n')}`);
  }

  /** Its address, once it answers. */
  async url(): Promise<string> {
    return (await this.says('  GraphQL  '))
      .trim()
      .split(/\s+/)[1]!
      .replace(/\/graphql$/, '');
  }

  /** The process that serves, which is not the one that was started when that is npm. */
  async node(): Promise<number> {
    return (JSON.parse(await this.says('"pid":')) as { pid: number }).pid;
  }

  /** A signal to npm (or whatever was started) alone. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** A signal to all, as a terminal's Ctrl-C sends it. */
  signalGroup(name: NodeJS.Signals): void {
    if (!this.hasEnded) process.kill(-this.child.pid!, name);
  }

  /** Waits until it has ended by itself, and as it should. */
  async endsWell(): Promise<void> {
    const { code, complaint } = await this.ended;
    expect(code, `${this.lines.join('\n')}\n${complaint}`).toBe(0);
  }

  /** As an operator stops it. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.endsWell();
  }

  /** It and all its children at once, PostgreSQL excepted, which has a group of its own. */
  async kill(): Promise<void> {
    this.signalGroup('SIGKILL');
    await this.ended;
  }
}

/** Runs a program of the project to its end. */
export async function run(command: readonly string[], start: Omit<Start, 'command'> = {}) {
  const program = new ParleyProcess({ ...start, command });
  const { code, complaint } = await program.ended;
  return { code, complaint, printed: program.lines };
}

export async function killAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.kill()));
}

/** One of the demo's people at this server, with a token that GraphiQL's menu would get. */
export async function demoPersonAt(url: string, handle: string): Promise<Person> {
  const response = await fetch(`${url}/demo/people`);
  const { people } = (await response.json()) as { people: (DemoPerson & { token: string })[] };
  const { token, displayName } = people.find((one) => one.handle === handle)!;
  return new Person(url, demoPerson(handle).id, displayName, token);
}
