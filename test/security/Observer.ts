import { type GraphQLObjectType, getNamedType } from 'graphql';
import sql from 'sql-template-tag';
import { permissions } from '../../src/auth/permissions.js';
import type { Viewer } from '../../src/auth/Viewer.js';
import { versionOf } from '../../src/reads/conversations.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import { type Frame, RawSocket } from '../support/RawSocket.js';
import { viewerOf } from '../support/streams.js';
import { everything } from './documents.js';
import { refusalAt } from './rules.js';
import type { World } from './worlds.js';

export const schema = buildSchema();

/** The only headers that may differ between worlds. One more here is a decision about secrecy. */
const headersOfChance = ['date', 'x-request-id'];

type FrameData = Record<string, any>;
type Omission = (type: string, field: string) => boolean;

/** All bytes that one observer is sent, by what they are the answer to. */
export class Observer {
  readonly seen = new Map<string, string>();
  /** every cursor that a stream or a page ever showed, by conversation; of the list of conversations under '' */
  readonly cursors = new Map<string, Set<string>>();
  readonly viewer: Viewer;
  readonly followed: string[] = [];
  private readonly state: string;
  private socket!: RawSocket;
  private node = 0;
  /** how often it has connected */
  private life = 0;
  private marks = 0;

  private constructor(
    private readonly person: Person,
    private readonly world: World,
    viewer: Viewer,
    private readonly refused: ReadonlySet<string>,
  ) {
    this.viewer = viewer;
    // A stream of states follows neither lists, which have streams of their own, nor what one may do and signed links,
    // which depend on the time as well. All are asked for at the end.
    const isList: Omission = (type, field) => {
      const { [field]: known } = (schema.getType(type) as GraphQLObjectType).getFields();
      return ['viewerCan', 'transcript'].includes(field) || getNamedType(known!.type).name.endsWith('Connection');
    };
    this.state = this.all('Conversation', 1, isList);
  }

  static async of(person: Person, world: World): Promise<Observer> {
    const viewer = await viewerOf(world.apps[0], person);
    const observer = new Observer(person, world, viewer, await refusedTo(viewer));
    await observer.connect();
    return observer;
  }

  /** What the rules refuse this viewer whatever the data. */
  isRefused(type: string, field: string): boolean {
    return this.refused.has(`${type}.${field}`);
  }

  /** Every field of a type that this observer is not refused anyway. */
  all(type: string, levels: number, omits: Omission = () => false): string {
    const omitted: Omission = (of, field) => omits(of, field) || isOfChance(of, field) || this.isRefused(of, field);
    return everything(schema, schema.getType(type)!, levels, omitted);
  }

  /** The bytes of an answer: status, headers and body. What they themselves do is answered, too. */
  async sees(label: string, query: string, variables: object = {}): Promise<any> {
    const { text, seen } = await this.request('POST', '/graphql', JSON.stringify({ query, variables }));
    this.seen.set(label, seen);
    return JSON.parse(text);
  }

  async knocks(method: string, path: string): Promise<void> {
    this.seen.set(`${method} ${path}`, (await this.request(method, path)).seen);
  }

  /** Everything that a conversation's streams bring, from its beginning on. */
  follow(conversationId: string): void {
    this.followed.push(conversationId);
    this.open(conversationId, '');
  }

  /** Leaves without a word, and comes back to another node with one of the cursors it was given. */
  async reconnect(chance: number): Promise<void> {
    this.endLife();
    this.node = (this.node + 1) % this.world.apps.length;
    await this.connect();
    for (const id of this.followed) {
      const cursors = ['', ...(this.cursors.get(id) ?? [])];
      this.open(id, cursors[chance % cursors.length]!);
      await this.catchUp([id]);
    }
  }

  /** Waits until every stream of these conversations has told what is there now. */
  async catchUp(conversationIds: readonly string[]): Promise<void> {
    for (const id of conversationIds.filter((one) => this.followed.includes(one))) {
      const end = '(last: 1, after: $after) { edges { cursor } }';
      const query = `query ($id: ID!, $after: String) { conversation(id: $id) ${this.state}
        ends: conversation(id: $id) { timeline${end} messages${end} } }`;
      const variables = { id, after: this.startedAt.get(id) || null };
      const { text } = await this.request('POST', '/graphql', JSON.stringify({ query, variables }));
      const { conversation, ends } = JSON.parse(text).data;
      for (const list of ['timeline', 'messages'] as const) {
        const cursor = ends[list].edges.at(-1)?.cursor;
        const field = list === 'timeline' ? 'timelineItemAdded' : 'messageAdded';
        if (cursor) await this.until(`${list} ${id}`, (data) => data[field].cursor === cursor);
      }
      const now = JSON.stringify(conversation);
      await this.untilTold(id, (data) => JSON.stringify(data.conversationUpdated) === now);
      // The state's stream begins with the state; the inbox tells changes only.
      const changes = () => this.frames('inbox').filter((data) => data.inboxUpdated.conversation?.id === id).length;
      while (this.hasInbox && changes() < this.frames(`state ${id}`).length - 1)
        await this.next(`the inbox to tell of ${id}`);
    }
    for (const id of await this.openTurns())
      while (!this.frames('turns').some((data) => data.aiTurnOpened.id === id)) await this.next(`turn ${id}`);
    for (const id of conversationIds)
      for (const data of this.frames(`timeline ${id}`)) this.keepCursor(id, data.timelineItemAdded.cursor);
  }

  keepCursor(list: string, cursor: string): void {
    const known = this.cursors.get(list) ?? new Set();
    this.cursors.set(list, known.add(cursor));
  }

  /** Once around by the socket: whatever was on its way before has come. */
  async roundTrip(): Promise<void> {
    const id = `mark ${this.marks++}`;
    this.socket.subscribe(id, 'subscription { messageAdded(conversationId: "none") { cursor } }');
    await this.socket.frames.next((frame) => frame.id === id);
  }

  /** Asks for streams that nobody gets, and waits until each is refused. */
  async isRefusedStreams(calls: readonly { label: string; query: string; variables: object }[]): Promise<void> {
    for (const { label, query, variables } of calls) this.socket.subscribe(label, query, { ...variables });
    for (const { label } of calls) {
      while (!this.socket.frames.seen.some(({ id }) => id === label)) await this.next(label);
    }
  }

  /** Every frame of every stream, each stream in its order; how streams take turns on the socket is chance. */
  endLife(): void {
    const { socket, texts } = this.socket;
    const isOpen = socket.readyState === socket.OPEN;
    this.seen.set(`close of socket ${this.life}`, isOpen ? 'none' : JSON.stringify(this.closed));
    for (const text of texts) {
      const { id, payload } = JSON.parse(text) as Frame;
      if (id?.startsWith('mark')) continue;
      // Which of two conversations that change at one moment comes first is chance.
      const { inboxUpdated, aiTurnOpened } = payload?.data ?? {};
      const about = [id ?? 'the socket', (inboxUpdated ?? aiTurnOpened)?.conversation?.id].join(' ');
      const label = `stream ${about} of socket ${this.life}`;
      this.seen.set(label, `${this.seen.get(label) ?? ''}${inOrder(text)}\n`);
    }
    this.socket.drop();
  }

  private closed: { code: number; reason: string } | null = null;
  private readonly startedAt = new Map<string, string>();
  /** the version of each state that was told last, and how many frames there were then */
  private readonly told = new Map<string, { version: string; frames: number }>();

  private async connect(): Promise<void> {
    this.life += 1;
    this.closed = null;
    this.socket = await RawSocket.of(this.person, this.url);
    this.socket.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    if (this.hasInbox) await this.followInbox();
    const turn = this.all('AiTurn', 1, (_, field) => field === 'viewerCan');
    if (this.viewer.kind === 'AI_AGENT') this.socket.subscribe('turns', `subscription { aiTurnOpened ${turn} }`);
  }

  private open(conversationId: string, after: string): void {
    const opening = 'subscription ($id: ID!, $after: String)';
    const edge = (type: string) => `{ cursor node ${this.all(type, 1, (_, field) => field === 'viewerCan')} }`;
    const variables = { id: conversationId, after };
    this.startedAt.set(conversationId, after);
    this.told.delete(conversationId);
    this.socket.subscribe(
      `timeline ${conversationId}`,
      `${opening} { timelineItemAdded(conversationId: $id, after: $after) ${edge('TimelineEntry')} }`,
      variables,
    );
    this.socket.subscribe(
      `messages ${conversationId}`,
      `${opening} { messageAdded(conversationId: $id, after: $after) ${edge('Message')} }`,
      variables,
    );
    this.socket.subscribe(
      `state ${conversationId}`,
      `subscription ($id: ID!) { conversationUpdated(conversationId: $id) ${this.state} }`,
      { id: conversationId },
    );
    // What the team types it hears for six seconds of real time, and so not the same in every world.
    if (this.isRefused('Query', 'agents'))
      this.socket.subscribe(
        `typing ${conversationId}`,
        `subscription ($id: ID!) { typingChanged(conversationId: $id) ${this.all('TypingState', 1)} }`,
        { id: conversationId },
      );
  }

  /** It begins with what transactions changed that ran meanwhile, in other databases too: here, with nothing. */
  private async followInbox(): Promise<void> {
    const isPast = sql`
      select pg_snapshot_xmin(pg_current_snapshot()) > coalesce(max(greatest(state_xid, team_xid)), '0') as past
      from conversations`;
    await eventually(
      () => this.world.apps[0].world.database.read<{ past: boolean }>(isPast),
      ([row]) => row!.past,
    );
    this.socket.subscribe('inbox', `subscription { inboxUpdated { kind conversation ${this.state} } }`);
    await this.until('inbox', () => true);
  }

  /** A change that shows in no field of theirs, such as a colleague's reading, has a frame of its own, too. */
  private async untilTold(id: string, isNow: (data: FrameData) => boolean): Promise<void> {
    const stream = `state ${id}`;
    const version = (await versionOf(this.world.apps[0].world.database, this.viewer, id)) ?? '';
    const last = this.told.get(id);
    const isNews = last !== undefined && last.version !== version;
    while (isNews && this.frames(stream).length <= last.frames) await this.next(stream);
    await this.until(stream, isNow);
    this.told.set(id, { version, frames: this.frames(stream).length });
  }

  private async openTurns(): Promise<string[]> {
    if (this.viewer.kind !== 'AI_AGENT') return [];
    const { database, clock } = this.world.apps[0].world;
    const rows = await database.read<{ id: string }>(sql`
      select id from ai_turns where ai_agent_id = ${this.viewer.id} and closed_at is null and expires_at > ${clock.now()}`);
    return rows.map(({ id }) => id);
  }

  private get hasInbox(): boolean {
    return !this.isRefused('Subscription', 'inboxUpdated');
  }

  private get url(): string {
    return this.world.apps[this.node]!.url;
  }

  private async request(method: string, path: string, body?: string): Promise<{ text: string; seen: string }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.person.token}` },
      ...(body !== undefined && { body }),
    });
    const headers = [...response.headers].filter(([name]) => !headersOfChance.includes(name)).sort();
    const text = await response.text();
    return { text, seen: [response.status, JSON.stringify(headers), inOrder(text)].join('\n') };
  }

  private async until(id: string, holds: (data: FrameData) => boolean): Promise<void> {
    for (;;) {
      const last = this.frames(id).at(-1);
      if (last && holds(last)) return;
      await this.next(id);
    }
  }

  private async next(awaited: string): Promise<void> {
    await this.socket.frames.next().catch((cause) => {
      throw new Error(`${this.person.name} waited for: ${awaited}`, { cause });
    });
  }

  private frames(id: string): FrameData[] {
    const ofStream = this.socket.frames.seen.filter((frame) => frame.id === id && frame.type === 'next');
    return ofStream.map(({ payload }) => payload.data).filter((data) => data !== null);
  }
}

const known = new Map<string, ReadonlySet<string>>();

/** Whether colleagues are there is told by sockets, at moments of real time. */
const isOfChance = (type: string, field: string) => type === 'Agent' && field === 'availability';

async function refusedTo(viewer: Viewer): Promise<ReadonlySet<string>> {
  const role = JSON.stringify([viewer.kind, viewer.role, viewer.scopes]);
  const refused = new Set<string>();
  if (known.has(role)) return known.get(role)!;
  for (const [type, fields] of Object.entries(permissions)) {
    for (const [field, permission] of Object.entries(fields)) {
      if (permission === 'open') continue;
      const code = await refusalAt(schema, type, field, { id: viewer.id, audience: 'EVERYONE' }, viewer);
      if (code === 'FORBIDDEN') refused.add(`${type}.${field}`);
    }
  }
  known.set(role, refused);
  return refused;
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
export function expectTheSame(name: string, seen: readonly ReadonlyMap<string, string>[]): void {
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
