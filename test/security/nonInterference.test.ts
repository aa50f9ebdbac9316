import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { deeds, notInHistories, type Step } from './deeds.js';
import { rootFields } from './documents.js';
import { historiesFor, lattices, ofEach, Theatre } from './lattices.js';
import { schema } from './Observer.js';

vi.mock('graphile-worker', async (importOriginal) =>
  (await import('./jobsKnown.js')).withJobsKnown(await importOriginal()),
);

const scenarios = 20;
const ofLattice = (nr: number) => Math.floor(scenarios / ofEach.length) + (nr < scenarios % ofEach.length ? 1 : 0);

/** The same histories every time; the deep run looks for others. Each lattice has its own: whose whisper a text is must
 * not depend on which of them came first. */
const firstSeed = 20_261_122;

let theatre: Theatre;
beforeAll(async () => {
  theatre = await Theatre.open();
});
afterAll(() => theatre.close());

describe('what one sees does not depend on what one must not see', () => {
  test.each(ofEach.map(([name, lattice], nr) => ({ name, lattice, runs: ofLattice(nr), seed: firstSeed + nr })))(
    'for $name: random histories with and without secrets, and with other secrets, give the same bytes',
    async ({ lattice, runs, seed }) => {
      const property = fc.asyncProperty(historiesFor(lattice, 14), (history) =>
        theatre.live(history, lattice, { pageSizes: [1, 3], everyCursor: false }),
      );
      await expect(fc.assert(property, { seed, numRuns: runs, endOnFailure: true })).resolves.toBeUndefined();
    },
    120_000,
  );
});

test('an AI agent is not woken by a customer who reads', async () => {
  const reads = { by: 'dana', does: 'read by the customer', of: 'dana', at: 0, text: '', chance: 0 } as const;
  const history: Step[] = [reads, { ...reads, by: 'bot', does: 'said by the AI agent', text: 'Hello!' }, reads];
  const lattice = lattices['an AI agent, and when the customer reads'];
  await expect(theatre.live(history, lattice, { pageSizes: [1], everyCursor: false })).resolves.toBeUndefined();
});

test('a change that shows in no field has a frame of its own, in every world', async () => {
  const by = { of: 'dana', at: 0, text: 'Careful.', chance: 0 } as const;
  const history: Step[] = [
    { ...by, by: 'ben', does: 'takeOverConversation' },
    { ...by, by: 'ada', does: 'read by an agent' },
    { ...by, by: 'cleo', does: 'whisper' },
    { ...by, by: 'ada', does: 'read by an agent' },
    { ...by, by: 'ben', does: 'resolveConversation' },
  ];
  const lattice = lattices['an integration without WHISPERS_READ, and whispers, notes, joins and leaves'];
  await expect(theatre.live(history, lattice, { pageSizes: [1], everyCursor: false })).resolves.toBeUndefined();
});

test('every mutation of the schema belongs to the histories, or it is said why not', () => {
  const mutations = rootFields(schema).flatMap(({ kind, field }) => (kind === 'Mutation' ? [field.name] : []));
  const used = Object.entries(deeds).map(([does, { mutation }]) => mutation ?? does.split(' ')[0]!);
  expect([...new Set([...used, ...Object.keys(notInHistories)])].sort()).toEqual(mutations.sort());
});
