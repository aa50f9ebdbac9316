import { createHash } from 'node:crypto';
import { getNamedType } from 'graphql';
import sql from 'sql-template-tag';
import { TypeID } from 'typeid-js';
import { permissions } from '../../src/auth/permissions.js';
import type { Viewer } from '../../src/auth/Viewer.js';
import type { Clock } from '../../src/clock.js';
import type { IdKind, IdSource } from '../../src/ids.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import { type Frame, RawSocket } from '../support/RawSocket.js';
import { viewerOf } from '../support/streams.js';
import { everything } from './documents.js';
import { refusalAt } from './rules.js';

/** So late that no job which goes by PostgreSQL's clock comes due while a test runs. */
const epoch = Date.UTC(2031, 0, 1);
const stepSeconds = 7;
const scenarioSeconds = 100_000;

/**
 * Time and ids of one world. Both are told by the number of the step alone, which the worlds share, and of ids by how
 * many of their kind the step made before: a step that one world leaves out shifts nothing in those that follow.
 */
export class Script implements Clock, IdSource {
  readonly made = new Set<string>();
  /** A source of ids as it must not be: it counts. For the proof that this would be found. */
  counts = false;
  private scenario = 0;
  private step = 0;
  private given = new Map<string, number>();

  begin(scenario: number): void {
    this.made.clear();
    this.scenario = scenario;
    this.given.clear();
    this.enter(0);
  }

  enter(step: number): void {
    this.step = step;
    if (!this.counts) this.given.clear();
  }

  now(): Date {
    return new Date(epoch + (this.scenario * scenarioSeconds + this.step * stepSeconds) * 1000);
  }

  next(kind: IdKind): string {
    const nr = this.given.get(kind) ?? 0;
    this.given.set(kind, nr + 1);
    const seed = this.counts ? ['counting', this.scenario, kind, nr] : [this.scenario, this.step, kind, nr];
    const bytes = createHash('sha256').update(seed.join(' ')).digest().subarray(0, 16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x70;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const id = TypeID.fromUUIDBytes(kind, bytes).toString();
    this.made.add(id);
    return id;
  }
}

/** One of the worlds: a server on a database of its own, with people of the same names and ids as in the others. */
export interface World {
  app: TestApp;
  script: Script;
  cast: Cast;
}

// Nobody's limits are in question here: what is looked at is large.
const settings = {
  AUTH_SECRET: 'the same secret in every one of the worlds',
  MAX_REQUEST_BYTES: '10000000',
  MAX_DEPTH: '100',
  MAX_ALIASES: '100000',
  MAX_TOKENS: '1000000',
  MAX_ERRORS: '1000',
  MAX_LIST: '10000',
  MAX_COST: '2000000000',
  RATE_BURST: '2000000000',
};

export async function startWorld(): Promise<World> {
  const script = new Script();
  const app = await startTestApp(settings, { clock: script, ids: script });
  return { app, script, cast: await castOf(app) };
}

/** New people in new workspaces: what happened before is over. */
export async function beginScenario(world: World, nr: number): Promise<void> {
  await world.cast.leave();
  world.script.begin(nr);
  world.cast = await castOf(world.app);
}

export async function closeWorld({ app, cast }: World): Promise<void> {
  await cast.leave();
  await app.close();
}

const schema = buildSchema();
const typeNamed = (name: string) => schema.getType(name)!;

type Omission = (type: string, field: string) => boolean;
/** What the rules refuse this viewer whatever the data: asked for once, and left out where much else is asked for. */
async function refusedTo(viewer: Viewer): Promise<Omission> {
  const ruled = Object.entries(permissions).flatMap(([type, fields]) =>
    Object.entries(fields).flatMap(([field, permission]) => (permission === 'open' ? [] : [[type, field] as const])),
  );
  const refused = new Set<string>();
  for (const [type, field] of ruled) {
    const code = await refusalAt(schema, type, field, { id: viewer.id, audience: 'EVERYONE' }, viewer);
    if (code === 'FORBIDDEN') refused.add(`${type}.${field}`);
  }
  return (type, field) => refused.has(`${type}.${field}`);
}

type FrameData = Record<string, any>;

/** All bytes that one observer is sent, by what they are the answer to. */
export class Observer {
  readonly seen = new Map<string, string>();
  private readonly followed: string[] = [];
  private followsInbox = false;
  private marks = 0;
  private readonly state: string;

  private constructor(
    private readonly person: Person,
    private readonly url: string,
    private readonly socket: RawSocket,
    private readonly isRefused: Omission,
  ) {
    // What one may do depends on the time as well, so a stream of states does not follow it. It is asked for at the end.
    const omitted = ['viewerCan', 'timeline', 'messages', 'conversations'];
    this.state = this.all('Conversation', 1, (field) => omitted.includes(field));
  }

  static async of(person: Person, { app }: World): Promise<Observer> {
    const isRefused = await refusedTo(await viewerOf(app, person));
    return new Observer(person, app.url, await RawSocket.of(person, app.url), isRefused);
  }

  /** Every field of a type that this observer is not refused anyway. */
  all(type: string, levels: number, omits: (field: string) => boolean = () => false): string {
    return everything(schema, typeNamed(type), levels, (of, field) => omits(field) || this.isRefused(of, field));
  }

  /** What they themselves do is answered, too. */
  async sees(label: string, query: string, variables: object = {}): Promise<string> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.person.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id').sort();
    const text = await response.text();
    this.seen.set(label, [response.status, JSON.stringify(headers), inOrder(text)].join('\n'));
    return text;
  }

  follow(conversationId: string): void {
    this.followed.push(conversationId);
    const id = { id: conversationId };
    const opening = 'subscription ($id: ID!)';
    const edge = (type: string) => `{ cursor node ${this.all(type, 1, (field) => field === 'viewerCan')} }`;
    this.socket.subscribe(
      `timeline ${conversationId}`,
      `${opening} { timelineItemAdded(conversationId: $id, after: "") ${edge('TimelineEntry')} }`,
      id,
    );
    this.socket.subscribe(
      `messages ${conversationId}`,
      `${opening} { messageAdded(conversationId: $id, after: "") ${edge('Message')} }`,
      id,
    );
    this.socket.subscribe(
      `state ${conversationId}`,
      `${opening} { conversationUpdated(conversationId: $id) ${this.state} }`,
      id,
    );
    this.socket.subscribe(
      `typing ${conversationId}`,
      `${opening} { typingChanged(conversationId: $id) ${this.all('TypingState', 1)} }`,
      id,
    );
  }

  /** It begins with what transactions changed that ran meanwhile, in other databases too: here, with nothing. */
  async followInbox({ world: { database } }: TestApp): Promise<void> {
    const isPast = sql`
      select pg_snapshot_xmin(pg_current_snapshot()) > max(greatest(state_xid, team_xid)) as past from conversations`;
    await eventually(
      () => database.read<{ past: boolean }>(isPast),
      ([row]) => row!.past,
    );
    this.followsInbox = true;
    this.socket.subscribe('inbox', `subscription { inboxUpdated { kind conversation ${this.state} } }`);
  }

  followTurns(): void {
    this.socket.subscribe(
      'turns',
      `subscription { aiTurnOpened ${this.all('AiTurn', 1, (field) => field === 'viewerCan')} }`,
    );
  }

  /** Waits until every stream has told what is there now. */
  async catchUp(): Promise<void> {
    for (const id of this.followed) {
      const query = `query ($id: ID!) { conversation(id: $id) ${this.state}
        ends: conversation(id: $id) { timeline(last: 1) { edges { cursor } } messages(last: 1) { edges { cursor } } } }`;
      const answer = JSON.parse(await this.sees('', query, { id })).data;
      this.seen.delete('');
      const cursorOf = (list: 'timeline' | 'messages') => answer.ends[list].edges.at(-1)?.cursor;
      await this.until(`timeline ${id}`, (data) => data.timelineItemAdded.cursor === cursorOf('timeline'));
      await this.until(`messages ${id}`, (data) => data.messageAdded.cursor === cursorOf('messages'));
      const now = JSON.stringify(answer.conversation);
      await this.until(`state ${id}`, (data) => JSON.stringify(data.conversationUpdated) === now);
      // The state's stream begins with the state; the inbox tells changes only.
      const changes = () => this.frames('inbox').filter((data) => data.inboxUpdated.conversation?.id === id).length;
      while (this.followsInbox && changes() < this.frames(`state ${id}`).length - 1) await this.socket.frames.next();
    }
  }

  /** Once around by the socket: whatever was on its way before has come. */
  async roundTrip(): Promise<void> {
    const id = `mark ${this.marks++}`;
    this.socket.subscribe(id, 'subscription { messageAdded(conversationId: "none") { cursor } }');
    await this.socket.frames.next((frame) => frame.id === id);
  }

  /** Every frame of every stream, each stream in its order; how streams take turns on the socket is chance. */
  endStreams(): void {
    for (const text of this.socket.texts) {
      const { id } = JSON.parse(text) as Frame;
      if (id === undefined || id.startsWith('mark')) continue;
      this.seen.set(`stream ${id}`, `${this.seen.get(`stream ${id}`) ?? ''}${inOrder(text)}\n`);
    }
    this.socket.drop();
  }

  private async until(id: string, holds: (data: FrameData) => boolean): Promise<void> {
    for (;;) {
      const last = this.frames(id).at(-1);
      if (last && holds(last)) return;
      await this.socket.frames.next();
    }
  }

  private frames(id: string): FrameData[] {
    const ofStream = this.socket.frames.seen.filter((frame) => frame.id === id && frame.type === 'next');
    return ofStream.map(({ payload }) => payload.data).filter((data) => data !== null);
  }
}

/** Everything that can be asked about these conversations and these ids, in pages of every small size, both ways. */
export async function lookEverywhere(
  observer: Observer,
  conversationIds: readonly string[],
  ids: readonly string[],
  pageSizes: readonly number[],
): Promise<void> {
  for (const { name, type } of Object.values(schema.getQueryType()!.getFields())) {
    if (['node', 'nodes', 'conversation'].includes(name)) continue;
    await observer.sees(name, `{ ${name} ${observer.all(getNamedType(type).name, 2)} }`);
  }
  const refusedToo = `query ($id: ID!) { conversation(id: $id) ${everything(schema, typeNamed('Conversation'), 1)} }`;
  const whole = `query ($id: ID!) { conversation(id: $id) ${observer.all('Conversation', 2)} }`;
  const nodes = `query ($ids: [ID!]!) { nodes(ids: $ids) ${observer.all('Node', 1)} }`;
  for (let from = 0; from < ids.length; from += 100)
    await observer.sees(`nodes from ${from}`, nodes, { ids: ids.slice(from, from + 100) });
  for (const id of ids.filter((one) => one.startsWith('whis_') || one.startsWith('evt_'))) {
    await observer.sees(`node ${id}`, 'query ($id: ID!) { node(id: $id) { __typename id } }', { id });
    for (const mutation of ['takeOverConversation', 'sendMessage', 'markConversationRead']) {
      const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!`;
      const query = `mutation ($input: ${type}) { ${mutation}(input: $input) { errors { code message path } } }`;
      await observer.sees(`${mutation} in ${id}`, query, {
        input: { conversationId: id, ...(mutation === 'sendMessage' && { text: 'x' }) },
      });
    }
  }
  for (const filter of [
    { status: ['OPEN'] },
    { status: ['RESOLVED', 'FINALIZED'] },
    { handling: ['HUMAN'] },
    { tag: 'vip' },
    { participating: true },
  ]) {
    const query =
      'query ($filter: ConversationFilter) { conversations(filter: $filter) { edges { cursor node { id } } } }';
    await observer.sees(`filter ${JSON.stringify(filter)}`, query, { filter });
  }
  for (const id of conversationIds) {
    await observer.sees(`conversation ${id}`, whole, { id });
    await observer.sees(`conversation ${id} with what is refused`, refusedToo, { id });
    for (const list of ['timeline', 'messages', 'whispers']) {
      for (const size of pageSizes) {
        await pages(observer, id, list, { first: size });
        await pages(observer, id, list, { last: size });
      }
    }
  }
  for (const size of pageSizes) {
    await pages(observer, null, 'conversations', { first: size });
    await pages(observer, null, 'conversations', { last: size });
  }
}

/** One list, of a conversation or of all, page by page to its end. */
async function pages(
  observer: Observer,
  id: string | null,
  list: string,
  size: { first: number } | { last: number },
): Promise<void> {
  const field = `${list}(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { __typename id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`;
  const opening = `query (${id ? '$id: ID!, ' : ''}$first: Int, $after: String, $last: Int, $before: String)`;
  const query = id ? `${opening} { conversation(id: $id) { ${field} } }` : `${opening} { ${field} }`;
  let place = {};
  for (let nr = 0; ; nr++) {
    const label = `${list} of ${id} ${JSON.stringify(size)} page ${nr}`;
    const { data } = JSON.parse(await observer.sees(label, query, { ...(id && { id }), ...size, ...place }));
    const info = (id ? data?.conversation : data)?.[list]?.pageInfo;
    if ('first' in size ? !info?.hasNextPage : !info?.hasPreviousPage) return;
    place = 'first' in size ? { after: info.endCursor } : { before: info.startCursor };
  }
}

/** The bytes, but for the order of errors: fields fail in the order in which the database happens to answer. */
function inOrder(text: string): string {
  if (!text.includes('"errors":[{"message"')) return text;
  const answer = JSON.parse(text);
  const errors = (answer.payload ?? answer).errors as object[];
  errors.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return JSON.stringify(answer);
}

/** Compares what one observer saw in several worlds, byte by byte. Names the first thing that differs. */
export function expectTheSame(name: string, seen: readonly Map<string, string>[]): void {
  const [first, ...others] = seen;
  for (const [nr, other] of others.entries()) {
    for (const label of new Set([...first!.keys(), ...other.keys()])) {
      const [here, there] = [first!.get(label) ?? '(nothing)', other.get(label) ?? '(nothing)'];
      if (here !== there)
        throw new Error(`${name} can tell world 0 from world ${nr + 1} by ${label}:\n${difference(here, there)}`);
    }
  }
}

function difference(a: string, b: string): string {
  let at = 0;
  while (a[at] === b[at]) at++;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 120), at + 120));
  return `${around(a)}\n${around(b)}`;
}
