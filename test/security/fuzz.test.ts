import fc from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  print,
} from 'graphql';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import { InboxUpdatedDocument } from '../operations/generated.js';
import type { Person } from '../support/Person.js';
import { RawSocket } from '../support/RawSocket.js';
import { newStage, whispers } from '../support/stories.js';
import { send } from './http.js';

const plenty = '1000000000';
const stage = newStage({
  RATE_BURST: plenty,
  RATE_RESTORE: plenty,
  SIGN_IN_ATTEMPTS_PER_MINUTE: plenty,
  // What it must not say, it should not find a reason to say either.
  LOG_LEVEL: 'fatal',
});
const schema = buildSchema();

const runs = process.env.DEEP ? 20_000 : 250;
/** The same every time, so that a red run is about the change; the deep one goes where nobody has been. */
const settings = { numRuns: runs, ...(!process.env.DEEP && { seed: 20_260_101 }), interruptAfterTimeLimit: 600_000 };

/** Ids of things that are there, so that some calls get far. */
let ids: string[] = ['conv_01m82dkz6aewq9z6d00kw6y229'];
let cursors: string[] = ['W10'];
let people: (Person | null)[] = [];
beforeAll(async () => {
  const { ada, ben, bot, crm, dana } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  const whispered = await whispers(ben, conversationId, 'Careful.');
  const { conversation } = await ben.ask(
    'query ($id: ID!) { conversation(id: $id) { timeline(first: 10) { edges { cursor node { id } } } } }',
    { id: conversationId },
  );
  const edges = conversation.timeline.edges as { cursor: string; node: { id: string } }[];
  cursors = edges.map(({ cursor }) => cursor);
  ids = [
    conversationId,
    whispered.whisper!.id,
    ...edges.map(({ node }) => node.id),
    ...[ada, ben, bot, dana].map(({ id }) => id),
  ];
  people = [ada, ben, bot, crm, dana, null];
});

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    "'",
    '"',
    '\\',
    '%',
    '__proto__',
    '💥'.repeat(50),
    'x'.repeat(300),
    '0',
    '-1',
    'null',
  ),
);
const oddNumber = fc.oneof(
  fc.integer({ min: -2, max: 101 }),
  fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 2 ** 31, 1e100, 1.5, -0, 2 ** 53),
);
const odd = fc.oneof(oddText, oddNumber, fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 2 }));

/** Mostly what the type takes, and now and then something else. */
function anyValueOf(type: GraphQLInputType): fc.Arbitrary<unknown> {
  if (isNonNullType(type))
    return fc.oneof({ weight: 30, arbitrary: anyValueOf(type.ofType) }, { weight: 1, arbitrary: odd });
  if (isListType(type)) return fc.array(anyValueOf(type.ofType), { maxLength: 4 });
  if (isEnumType(type)) return fc.oneof(fc.constantFrom(...type.getValues().map(({ name }) => name)), oddText);
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    return fc
      .record(Object.fromEntries(fields.map((field) => [field.name, valueOfField(field)])))
      .chain((all) => fc.subarray(fields).map((kept) => ({ all, kept })))
      .map(({ all, kept }) =>
        Object.fromEntries(
          fields
            .filter((field) => isNonNullType(field.type) || kept.includes(field))
            .map(({ name }) => [name, all[name]]),
        ),
      );
  }
  switch (type.name) {
    case 'ID':
      return fc.oneof(
        fc.nat().map((nr) => ids[nr % ids.length]!),
        oddText,
      );
    case 'Int':
      return oddNumber;
    case 'Boolean':
      return fc.boolean();
    case 'String':
      return fc.oneof(
        oddText,
        fc.nat().map((nr) => cursors[nr % cursors.length]!),
      );
    default:
      return fc.oneof(fc.uuid(), oddText, odd);
  }
}
const valueOfField = ({ type }: GraphQLArgument | GraphQLInputField) => anyValueOf(type);

interface Call {
  query: string;
  variables: Record<string, unknown>;
}

/** A selection of a type, a few levels deep, with all that a selection may have. */
function selectionOf(type: GraphQLNamedType, levels: number): fc.Arbitrary<string> {
  if (!isCompositeType(type)) return fc.constant('');
  const possible = isObjectType(type) ? [] : schema.getPossibleTypes(type);
  const fields = 'getFields' in type ? Object.values(type.getFields()) : [];
  const usable = fields.filter(({ type: below }) => levels > 0 || !isCompositeType(getNamedType(below)));
  const field = (name: string) =>
    fc.oneof(
      { weight: 20, arbitrary: fc.constant(name) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          `a: ${name}`,
          `${name} @skip(if: true)`,
          `${name} @include(if: $x)`,
          `${name}(first: 3)`,
        ),
      },
    );
  const parts = [
    fc.constant('__typename'),
    ...usable.map(({ name, type: below }) =>
      fc.tuple(field(name), selectionOf(getNamedType(below), levels - 1)).map((both) => both.join(' ')),
    ),
    ...possible.map((one) => selectionOf(one, Math.max(0, levels - 1)).map((below) => `... on ${one.name} ${below}`)),
  ];
  return fc
    .array(
      fc.nat({ max: parts.length - 1 }).chain((nr) => parts[nr]!),
      { minLength: 1, maxLength: 4 },
    )
    .map((selections) => `{ ${selections.join(' ')} }`);
}

const roots = (['Query', 'Mutation', 'Subscription'] as const).flatMap((kind) =>
  Object.values((schema.getType(kind) as GraphQLObjectType).getFields()).map((field) => ({ kind, field })),
);

const calls: fc.Arbitrary<Call> = fc.constantFrom(...roots).chain(({ kind, field }) => {
  const declared = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  return fc.record({
    query: selectionOf(getNamedType(field.type), 2).map(
      (selection) =>
        `${kind.toLowerCase()} ${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`} ${selection} }`,
    ),
    variables: fc.record(Object.fromEntries(field.args.map((argument) => [argument.name, valueOfField(argument)]))),
  });
});

/** A document with a few of its characters changed, doubled or gone. */
const damaged = fc
  .tuple(
    calls,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('', '{', '}', '(', '"', '...', '@', '$', '!', '\0', '#', 'é')), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([{ query, variables }, changes]) => ({
    query: changes.reduce(
      (text, [at, by]) => text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1),
      query,
    ),
    variables,
  }));

/** What no answer has in it, whatever was asked: stacks, SQL, files. */
const telling =
  /node_modules|\.[tj]s:\d+|\n\s+at |violates|syntax error at or near|invalid input syntax|pg_|INTERNAL_SERVER_ERROR/;

async function answered(person: Person | null, body: string | Uint8Array, type = 'application/json'): Promise<void> {
  const { status, text } = await send(stage.app.url, {
    method: 'POST',
    headers: { 'content-type': type, ...(person && { authorization: `Bearer ${person.token}` }) },
    body: body as string,
  });
  expect(status, text).toBeLessThan(500);
  expect(status).toBeGreaterThanOrEqual(200);
  expect(text).not.toMatch(telling);
  expect(() => JSON.parse(text)).not.toThrow();
}
const callers = fc.nat({ max: 5 });

describe('nothing that a client can send is a failure of ours', { timeout: 660_000 }, () => {
  test('no document of the schema, whatever its variables', async () => {
    await fc.assert(
      fc.asyncProperty(callers, calls, (caller, call) => answered(people[caller]!, JSON.stringify(call))),
      settings,
    );
  });

  test('no document that is damaged', async () => {
    await fc.assert(
      fc.asyncProperty(callers, damaged, (caller, call) => answered(people[caller]!, JSON.stringify(call))),
      settings,
    );
  });

  test('no body, of any type', async () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({ query: odd, variables: odd, operationName: odd, extensions: odd }, { requiredKeys: [] })
        .map((body) => Buffer.from(JSON.stringify(body))),
      fc.nat({ max: 65_536 }).map((size) => Buffer.alloc(size, '[')),
    );
    const types = fc.constantFrom(
      'application/json',
      'application/json; charset=utf-16',
      'text/plain',
      'a/b',
      'multipart/form-data',
    );
    await fc.assert(
      fc.asyncProperty(callers, bodies, types, (caller, body, type) => answered(people[caller]!, body, type)),
      settings,
    );
  });

  test('no frame of a socket', async () => {
    const complaints = vi.spyOn(console, 'error');
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json(),
      fc.record({ id: odd, type: odd, payload: odd }, { requiredKeys: [] }).map((frame) => JSON.stringify(frame)),
      fc.record({ id: oddText, type: fc.constant('subscribe'), payload: calls }).map((frame) => JSON.stringify(frame)),
    );
    await fc.assert(
      fc.asyncProperty(callers, fc.array(frames, { minLength: 1, maxLength: 5 }), async (caller, sent) => {
        const person = people[caller] ?? stage.cast.cleo;
        const socket = await RawSocket.of(person, stage.app.url);
        for (const frame of sent) socket.socket.send(frame);
        socket.socket.ping();
        // Either it goes on, or it was closed for what was sent: with a code that says so.
        const outcome = await Promise.race([
          new Promise<string>((resolve) => socket.socket.once('pong', () => resolve('open'))),
          socket.whenClosed(),
        ]);
        if (outcome !== 'open') expect([4400, 4409, 4429]).toContain(outcome.code);
        expect(socket.texts.join('\n')).not.toMatch(telling);
        socket.drop();
      }),
      settings,
    );
    expect(complaints).not.toHaveBeenCalled();
    const last = await RawSocket.of(stage.cast.ada, stage.app.url);
    last.subscribe('1', print(InboxUpdatedDocument));
    await last.frames.next(({ type }) => type === 'next');
    last.drop();
  });
});
