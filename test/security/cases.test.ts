import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const tests = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');

/** The numbers of the attack and bad-input cases. A number that is not here was given up before it meant anything. */
const cases = {
  A: [1, 2, 3, 4, 5, 6, 7, 10],
  B: [1, 2, 3, 4, 5, 7, 9, 10, 11],
  C: [1, 2, 4, 6, 7, 8],
  D: [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 24, 25, 26],
  E: [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13, 14, 16, 17, 18, 19, 21, 23, 24],
  F: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 17, 18, 20, 21],
  G: [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
  H: [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 17, 18, 19, 20, 21],
};
const numbers = Object.entries(cases).flatMap(([letter, nrs]) => nrs.map((nr) => `${letter}${nr}`));

/** The numbers at the end of the names of tests, `… (A2, A3)'`. */
function tested(): Set<string> {
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const names = files.flatMap((name) => [
    ...readFileSync(`${tests}/${name}`, 'utf8').matchAll(
      / \(([A-H]\d+(?:, [A-H]\d+)*)\)['"`],?$|\(([A-H]\d+(?:, [A-H]\d+)*)\)['"`],/gm,
    ),
  ]);
  return new Set(names.flatMap(([, atEnd, inside]) => (atEnd ?? inside)!.split(', ')));
}

/** The rows of the table, by number: why each does not apply. */
function excused(): Map<string, string> {
  const [, table = ''] = guide.split('## Attack cases that do not apply\n');
  const rows = table.split('\n## ')[0]!.matchAll(/^\| ([A-H]\d+) +\| (.+?) *\|$/gm);
  return new Map([...rows].map(([, number, reason]) => [number!, reason!]));
}

test('every attack case has a test that bears its number, or a reason in docs/security.md', () => {
  const [withTest, withReason] = [tested(), excused()];
  expect(withTest.size).toBeGreaterThan(50);
  expect(numbers.filter((number) => !withTest.has(number) && !withReason.has(number))).toEqual([]);
});

test('no reason stands for a case that has a test, and no number is made up', () => {
  const [withTest, withReason] = [tested(), excused()];
  expect([...withReason.keys()].filter((number) => withTest.has(number))).toEqual([]);
  expect([...withTest, ...withReason.keys()].filter((number) => !numbers.includes(number))).toEqual([]);
  for (const reason of withReason.values()) expect(reason.length).toBeGreaterThan(20);
});
