import { mkdir, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { historiesFor, type Measures, ofEach, Theatre } from './lattices.js';

vi.mock('graphile-worker', async (importOriginal) =>
  (await import('./jobsKnown.js')).withJobsKnown(await importOriginal()),
);

const report = 'docs/reports/non-interference.md';
const scenarios = Number(process.env.SCENARIOS ?? 1000);
/** How long it may take in all, where that matters more than the number. */
const minutes = Number(process.env.MINUTES ?? 600);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const perLattice = Math.ceil(scenarios / ofEach.length);

interface Line extends Measures {
  name: string;
  scenarios: number;
  seconds: number;
  failure: string | null;
}
const lines: Line[] = [];

test.each(ofEach)(
  'on two nodes, for %s: random histories give the same bytes',
  async (name, lattice) => {
    const theatre = await Theatre.open(2);
    const began = Date.now();
    const line: Line = { name, scenarios: 0, seconds: 0, failure: null, ...theatre.measured };
    lines.push(line);
    const property = fc.asyncProperty(historiesFor(lattice, 20), async (history) => {
      await theatre.live(history, lattice, { pageSizes: [1, 2, 3, 4], everyCursor: true });
      line.scenarios += 1;
    });
    const interruptAfterTimeLimit = (minutes * 60_000) / ofEach.length;
    const result = await fc.check(property, { numRuns: perLattice, seed, endOnFailure: true, interruptAfterTimeLimit });
    if (result.failed)
      line.failure = `path ${result.counterexamplePath}: ${String(result.errorInstance).split('\n')[0]}`;
    line.seconds = Math.round((Date.now() - began) / 1000);
    Object.assign(line, theatre.measured);
    await writeReport();
    await theatre.close();
    expect(line.failure).toBeNull();
  },
  minutes * 60_000,
);

afterAll(writeReport);

async function writeReport(): Promise<void> {
  const sum = (of: (line: Line) => number) => lines.reduce((total, line) => total + of(line), 0);
  const row = (cells: (string | number)[]) => `| ${cells.join(' | ')} |`;
  const cellsOf = ({ name, scenarios: nr, steps, answers, bytes, seconds, failure }: Line) =>
    row([name, nr, steps, answers, (bytes / 1e6).toFixed(1), seconds, failure ?? 'none']);
  await mkdir('docs/reports', { recursive: true });
  await writeFile(
    report,
    `# Non-interference: the last deep run

Written by \`npm run test:deep\` (\`SCENARIOS\`, \`MINUTES\`, \`SEED\`). Each scenario is a random history, lived in three worlds: without
what is hidden, with it, and with other secrets. Everything that leaves two nodes towards each observer must be the same
bytes in all three: status, headers, bodies, frames and close codes. See \`test/security/lattices.ts\`.

- seed ${seed}, ${new Date().toISOString().slice(0, 10)}, asked for ${perLattice * ofEach.length} scenarios, ran ${sum((line) => line.scenarios)}
- ${sum((line) => line.steps)} steps, ${sum((line) => line.answers)} answers and streams compared, ${(sum((line) => line.bytes) / 1e6).toFixed(1)} MB, ${sum((line) => line.seconds)} s

${row(['lattice', 'scenarios', 'steps', 'answers and streams', 'MB', 's', 'failure'])}
${row(Array(7).fill('---'))}
${lines.map(cellsOf).join('\n')}
`,
  );
}
