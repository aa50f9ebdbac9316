import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import { everything, pathsOf, type RootCall, type RootKind, rootCall, rootFields } from './documents.js';
import { type Observer, schema } from './Observer.js';

/** What the worlds together know of: to be asked for in each of them. */
export interface Known {
  /** every id that was made in any world */
  ids: readonly string[];
  /** ids of people and things, and some that only one world knows */
  fewIds: readonly string[];
  /** words that were written, whispers among them */
  words: readonly string[];
}

export interface Thoroughness {
  pageSizes: readonly number[];
  /** each cursor in each list, both ways; else each in the list of everything */
  everyCursor: boolean;
}

type Field = GraphQLField<unknown, unknown>;
const paging = ['first', 'after', 'last', 'before'];
const isList = ({ args }: Field) => paging.every((name) => args.some((argument) => argument.name === name));

/**
 * Asks for everything that the schema knows of and this observer may ask for, so that a new field, filter or list is
 * asked for as soon as it is in the schema.
 */
export async function lookEverywhere(observer: Observer, known: Known, how: Thoroughness): Promise<void> {
  await observer.knocks('GET', '/graphql?query=%7Bviewer%7Bactor%7Bid%7D%7D%7D');
  await observer.knocks('HEAD', `/graphql/${known.ids[0]}`);
  for (const { field } of rootFields(schema).filter(({ kind }) => kind === 'Query')) await ask(observer, field, known);
  const things = await lookUp(observer, known.ids);
  await walk(observer, things, how);
  await tryCursors(observer, things, how);
  await meetRefusedStreams(observer, known);
}

/** A root field of Query: as it is, and once with each value that each of its arguments may take. */
async function ask(observer: Observer, field: Field, known: Known): Promise<void> {
  const isRequired = field.args.some(isRequiredArgument);
  const selection = observer.all(getNamedType(field.type).name, 2);
  if (!isRequired) await observer.sees(field.name, `{ ${field.name} ${selection} }`);
  for (const path of pathsOf(field, (_, [name]) => !paging.includes(name!) && name !== 'availability')) {
    const ids = isRequired ? known.ids : [...known.fewIds.slice(0, 3), known.fewIds.at(-2)!];
    const values = valuesFor(typeAt(field, path), ids, known.words);
    const calls = values.map((value) => rootCall('Query', field, (at) => (same(at, path) ? value : undefined)));
    const label = `${field.name} by ${path.join('.')}`;
    // A refusal of what cannot be null would be the answer to everything in its document.
    if (isNonNullType(field.type))
      for (const { query, variables } of calls)
        await observer.sees(`${label} ${JSON.stringify(variables)}`, query, variables);
    else await observer.sees(label, ...together(calls));
  }
}

const same = (one: readonly string[], other: readonly string[]) => one.join() === other.join();

/** Many calls of root fields in one document, each under a name of its own. */
function together(calls: readonly RootCall[]): [query: string, variables: object] {
  const declared: string[] = [];
  const variables: Record<string, unknown> = {};
  const fields = calls.map((call, nr) => {
    const [, head = '', field] = /^\w+(?: \((.*?)\))? \{ (.*) \}$/s.exec(call.query)!;
    const own = (text: string) => text.replace(/\$(\w+)/g, (_, name) => `$${name}_${nr}`);
    if (head !== '') declared.push(own(head));
    for (const [name, value] of Object.entries(call.variables)) variables[`${name}_${nr}`] = value;
    return `_${nr}: ${own(field!)}`;
  });
  const opening = declared.length === 0 ? '' : ` (${declared.join(', ')})`;
  return [`${calls[0]!.kind.toLowerCase()}${opening} { ${fields.join('\n')} }`, variables];
}

function typeAt(field: Field, [name, ...below]: string[]): GraphQLInputType {
  let { type } = field.args.find((argument) => argument.name === name)!;
  for (const step of below) type = (getNamedType(type) as any).getFields()[step].type;
  return type;
}

function valuesFor(type: GraphQLInputType, ids: readonly string[], words: readonly string[]): readonly unknown[] {
  const named = getNamedType(type);
  if (isEnumType(named)) {
    const [first, ...others] = named.getValues().map(({ name }) => name);
    return isListType(getNullableType(type)) ? [first, others] : [first, ...others];
  }
  switch (named.name) {
    case 'Boolean':
      return [true, false];
    case 'ID':
      return isListType(getNullableType(type)) ? [ids.slice(0, 100)] : ids;
    case 'String':
      return words;
    case 'Int':
      return [1, 50];
    case 'DateTime':
      return ['2031-01-01T00:00:00.000Z'];
    default:
      return ['any'];
  }
}

/** Every id as `node`, `nodes`, and by each other field that takes one; answers what this observer can see, by type. */
async function lookUp(observer: Observer, ids: readonly string[]): Promise<{ id: string; type: string }[]> {
  const nodes = `query ($ids: [ID!]!) { nodes(ids: $ids) ${observer.all('Node', 1)} }`;
  const things: { id: string; type: string }[] = [];
  for (let from = 0; from < ids.length; from += 100) {
    const some = ids.slice(from, from + 100);
    const { data } = await observer.sees(`nodes from ${from}`, nodes, { ids: some });
    for (const [nr, node] of (data?.nodes ?? []).entries())
      if (node) things.push({ id: some[nr]!, type: node.__typename });
  }
  await inOneDocument(
    observer,
    'node by node',
    ids.map((id) => `node(id: ${JSON.stringify(id)}) { __typename id }`),
  );
  for (const { id, type } of things.filter((thing) => thing.type === 'Conversation')) {
    const whole = (selection: string) => `query ($id: ID!) { node(id: $id) { ... on ${type} ${selection} } }`;
    await observer.sees(`all of ${id}`, whole(observer.all(type, 2)), { id });
    await observer.sees(`all of ${id}, with what is refused`, whole(everything(schema, schema.getType(type)!, 1)), {
      id,
    });
  }
  return things;
}

/** Lists of a type that this observer may read. */
function listsOf(observer: Observer, type: string): Field[] {
  const named = schema.getType(type);
  if (!isObjectType(named)) return [];
  return Object.values(named.getFields()).filter((field) => isList(field) && !observer.isRefused(type, field.name));
}

/** Every list of everything that can be seen, page by page to its end, in each size and both ways. */
async function walk(
  observer: Observer,
  things: readonly { id: string; type: string }[],
  { pageSizes }: Thoroughness,
): Promise<void> {
  type Walk = { id: string | null; open: string; close: string; list: string; size: number; backward: boolean };
  const lists = [
    ...listsOf(observer, 'Query').map(({ name }) => ({ id: null, open: '', close: '', list: name })),
    ...things.flatMap(({ id, type }) =>
      listsOf(observer, type).map(({ name }) => ({
        id,
        open: `node(id: ${JSON.stringify(id)}) { ... on ${type} { `,
        close: ' } }',
        list: name,
      })),
    ),
  ];
  let walks: (Walk & { from: string })[] = lists.flatMap((list) =>
    pageSizes.flatMap((size) => [false, true].map((backward) => ({ ...list, size, backward, from: '' }))),
  );
  for (let page = 0; walks.length > 0; page++) {
    const asked = walks.map(({ open, close, list, size, backward, from }) => {
      const place = `${backward ? 'last' : 'first'}: ${size}, ${backward ? 'before' : 'after'}: ${JSON.stringify(from || null)}`;
      return `${open}${list}(${place}) { edges { cursor node { __typename id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }${close}`;
    });
    const answers = await inOneDocument(observer, `page ${page} of every list`, asked);
    walks = walks.flatMap((one, nr) => {
      const answer = one.id === null ? answers[nr] : answers[nr]?.[one.list];
      for (const { cursor } of answer?.edges ?? []) observer.keepCursor(one.id ?? '', cursor);
      const info = answer?.pageInfo;
      const goesOn = one.backward ? info?.hasPreviousPage : info?.hasNextPage;
      return goesOn && page < 200 ? [{ ...one, from: one.backward ? info.startCursor : info.endCursor }] : [];
    });
  }
}

/** Each cursor that was ever seen, as the place to go on from: in its own list and, of all others, in one. */
async function tryCursors(
  observer: Observer,
  things: readonly { id: string; type: string }[],
  { everyCursor }: Thoroughness,
): Promise<void> {
  const asked: string[] = [];
  for (const { id, type } of things) {
    const lists = listsOf(observer, type);
    for (const [of, cursors] of observer.cursors) {
      const some = of === id ? [...cursors] : [...cursors].slice(0, 1);
      for (const list of everyCursor ? lists : lists.slice(0, 1)) {
        for (const cursor of some) {
          for (const place of [`first: 2, after:`, `last: 2, before:`]) {
            asked.push(`node(id: ${JSON.stringify(id)}) { ... on ${type} { ${list.name}(${place} ${JSON.stringify(cursor)}) {
              edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } } }`);
          }
        }
      }
    }
  }
  await inOneDocument(observer, 'every cursor', asked);
}

const left = (kind: RootKind) =>
  rootFields(schema).filter((root) => root.kind === kind && root.field.name !== 'signIn');

/** Every stream that this observer is refused, and every other with ids of what is not theirs. */
async function meetRefusedStreams(observer: Observer, { fewIds }: Known): Promise<void> {
  const ids = fewIds.filter((id) => !observer.followed.includes(id));
  const calls = left('Subscription').flatMap(({ kind, field }) => {
    if (observer.isRefused(kind, field.name)) return [rootCall(kind, field, () => undefined)];
    return pathsOf(field, (_, path) => path.length === 1)
      .filter((path) => isIdAt(field, path))
      .flatMap((path) => ids.map((id) => rootCall(kind, field, (at) => (same(at, path) ? id : undefined))));
  });
  await observer.isRefusedStreams(
    calls.map((call) => ({ ...call, label: `${call.name} ${JSON.stringify(call.variables)}` })),
  );
}

/** Every mutation with ids of what is not this observer's, in each place that takes an id. Last of all: some have effects. */
export async function meetRefusals(observer: Observer, { fewIds, words }: Known): Promise<void> {
  const ids = fewIds.filter((id) => !observer.followed.includes(id));
  for (const { kind, field } of left('Mutation')) {
    const isForbidden = observer.isRefused(kind, field.name);
    for (const path of pathsOf(field, () => true).filter((at) => isIdAt(field, at))) {
      const others: Record<string, string | undefined> = { conversationId: observer.followed[0], text: words[0] };
      const calls = (isForbidden ? ids.slice(-1) : ids).map((id) =>
        rootCall(kind, field, (at) => (same(at, path) ? id : others[at.at(-1)!])),
      );
      await observer.sees(`${field.name} with others' ${path.join('.')}`, ...together(calls));
    }
  }
}

const isIdAt = (field: Field, path: string[]) => getNamedType(typeAt(field, path)).name === 'ID';

/** Many questions at once, each under a name of its own. Answers what each was answered; null where it was refused. */
async function inOneDocument(observer: Observer, label: string, asked: readonly string[]): Promise<any[]> {
  const { data } = await observer.sees(label, `{ __typename ${asked.map((one, nr) => `_${nr}: ${one}`).join('\n')} }`);
  return asked.map((_, nr) => data?.[`_${nr}`] ?? null);
}
