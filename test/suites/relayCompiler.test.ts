import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import { Pipeline } from '../../src/server/pipeline.js';

const require = createRequire(import.meta.url);
const project = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-relay-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a frontend's Relay compiles against the schema, and what it makes is within our limits", async () => {
  const config = join(folder, 'relay.config.json');
  const persisted = join(folder, 'operations.json');
  const artifacts = join(folder, 'artifacts');
  await mkdir(artifacts);
  await writeFile(persisted, '{}');
  await writeFile(
    config,
    JSON.stringify({
      language: 'javascript',
      schema: join(project, 'schema.graphql'),
      src: join(project, 'test/suites/fixtures/relay'),
      artifactDirectory: artifacts,
      persistConfig: { file: persisted },
    }),
  );

  // What the package exports is where its program is.
  const relayCompiler: string = require('relay-compiler');
  const { stdout, stderr } = await promisify(execFile)(relayCompiler, ['--noWatchman', config]);
  expect(`${stdout}${stderr}`).not.toMatch(/warn|error|unused/i);

  const operations: string[] = Object.values(JSON.parse(await readFile(persisted, 'utf8')));
  expect(operations).toHaveLength(15);
  const pipeline = new Pipeline(buildSchema(), readConfig({}), systemClock, pino({ level: 'silent' }));
  for (const text of operations) expect(pipeline.document(text)).toMatchObject({ kind: 'Document' });
});
