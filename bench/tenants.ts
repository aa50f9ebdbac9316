// One workspace at its limit must not slow another. Starts Parley as it is shipped, with its demo in a folder of its own,
// and asks for Globex's inbox, alone and while everybody of Acme asks for as much as they are given, in turns. Prints how
// long Globex waits, and the ratio of the two.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const rounds = 5;
const roundMs = 6_000;
const everyMs = 50;
const query =
  '{ conversations(first: 20) { edges { node { id subject unreadCount customer { displayName } lastMessage { text } } } } }';

const DATA_DIR = await mkdtemp(join(tmpdir(), 'parley-bench-'));
const env = { ...process.env, DATA_DIR, PORT: '0', GRAPHIQL: '0', LOG_LEVEL: 'error' };
const server = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
const url = await listening();

const tokenOf = (handle: string) =>
  execFileSync(process.execPath, ['dist/cli.js', 'token', handle], { env, encoding: 'utf8' }).trim();
const quiet = tokenOf('hal@globex.test');
const greedy = ['ada@acme.test', 'ben@acme.test', 'cleo@acme.test', 'acme-crm'].map(tokenOf);

async function listening(): Promise<string> {
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /http:\/\/[\d.]+:\d+/.exec(line)?.[0];
    if (address) return address;
  }
  throw new Error('Parley did not start');
}

async function ask(token: string): Promise<{ ms: number; isRefused: boolean }> {
  const begun = performance.now();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return { ms: performance.now() - begun, isRefused: errors?.[0]?.extensions.code === 'RATE_LIMITED' };
}

/** Asks without a pause, and where it is refused comes back at once, until it is told to stop. */
async function press(token: string, until: number, counts: { answered: number; refused: number }): Promise<void> {
  while (Date.now() < until) {
    const { isRefused } = await ask(token);
    if (isRefused) counts.refused += 1;
    else counts.answered += 1;
  }
}

/** What Globex waits, asking every now and then, in milliseconds. */
async function watch(until: number): Promise<number[]> {
  const times: number[] = [];
  while (Date.now() < until) {
    times.push((await ask(quiet)).ms);
    await sleep(everyMs);
  }
  return times;
}

const percentile = (times: readonly number[], part: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * part)]!;

try {
  // The burst is spent first: what is measured is a workspace that has nothing left but what is restored each second.
  const spent = { answered: 0, refused: 0 };
  while (spent.refused < greedy.length * 20) {
    await Promise.all(greedy.map((token) => press(token, Date.now() + 500, spent)));
  }
  const alone: number[] = [];
  const beside: number[] = [];
  const counts = { answered: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    alone.push(...(await watch(Date.now() + roundMs)));
    const until = Date.now() + roundMs;
    const [times] = await Promise.all([watch(until), ...greedy.map((token) => press(token, until, counts))]);
    beside.push(...times);
  }
  const report = (name: string, part: number) => {
    const [a, b] = [percentile(alone, part), percentile(beside, part)];
    console.log(`${name}: alone ${a.toFixed(1)} ms, beside ${b.toFixed(1)} ms, ratio ${(b / a).toFixed(2)}`);
  };
  console.log(
    `Acme meanwhile: ${counts.answered} answered, ${counts.refused} refused in ${(rounds * roundMs) / 1000} s`,
  );
  report('p50', 0.5);
  report('p95', 0.95);
} finally {
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  await rm(DATA_DIR, { recursive: true, force: true });
}
