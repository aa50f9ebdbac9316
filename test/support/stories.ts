import type { TypedQueryDocumentNode } from 'graphql';
import sql, { raw } from 'sql-template-tag';
import { afterAll, beforeAll, expect } from 'vitest';
import {
  ConversationDocument,
  type ConversationQuery,
  FinalizeConversationDocument,
  HandBackConversationDocument,
  JoinConversationDocument,
  LeaveConversationDocument,
  ReopenConversationDocument,
  RequestHumanDocument,
  ResolveConversationDocument,
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
  TeamConversationDocument,
  type TeamConversationQuery,
  TimelineDocument,
  TimelineItemAddedDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from './app.js';
import { type Cast, castOf } from './cast.js';
import type { Person } from './Person.js';

type Mutation<Data, Input> = TypedQueryDocumentNode<Data, { input: Input }>;
type Payload<Data> = Data[keyof Data];

interface Refused {
  code: string;
  path: string[] | null;
  assignee?: { id: string };
  assignedAt?: string;
}

/** An entry as these tests speak of it: what was written, or what happened. */
export const gist = (entry: { text?: string; kind?: string }): string => entry.text ?? entry.kind!;
export const gists = (edges: { node: { text?: string; kind?: string } }[]): string[] =>
  edges.map(({ node }) => gist(node));

/** An application and its people for one test file, and the stories that its tests begin with. */
export function newStage(settings: Record<string, string> = {}): Stage {
  const stage = new Stage();
  beforeAll(async () => {
    stage.app = await startTestApp(settings);
    stage.cast = await castOf(stage.app);
  });
  afterAll(async () => {
    await stage.cast.leave();
    await stage.app.close();
  });
  return stage;
}

export class Stage {
  app!: TestApp;
  cast!: Cast;

  /** A conversation that this customer opened. Acme's AI agent answers it. */
  async startedBy(customer: Person, text = 'Where is my parcel?'): Promise<string> {
    return (await does(customer, StartConversationDocument, { text })).conversation!.id;
  }

  /** Dana's conversation, for which this agent answers. */
  async takenOverBy(agent: Person): Promise<string> {
    const conversationId = await this.startedBy(this.cast.dana);
    await takesOver(agent, conversationId);
    return conversationId;
  }

  /** Dana's conversation, which waits for anybody. */
  async waitingForHuman(): Promise<string> {
    const conversationId = await this.startedBy(this.cast.dana);
    await asksForHuman(this.cast.dana, conversationId);
    return conversationId;
  }

  /** Dana's conversation, for which this agent answers, resolved by them. */
  async resolvedBy(agent: Person): Promise<string> {
    const conversationId = await this.takenOverBy(agent);
    await resolves(agent, conversationId);
    return conversationId;
  }

  async finalizedBy(agent: Person): Promise<string> {
    const conversationId = await this.resolvedBy(agent);
    await finalizes(agent, conversationId);
    return conversationId;
  }

  /** The latest turn of a conversation, open or closed. */
  async turnOf(conversationId: string): Promise<string> {
    const [turn] = await this.app.world.database.read<{ id: string }>(sql`
      select id from ai_turns where conversation_id = ${conversationId} order by opened_at desc, id desc limit 1`);
    return turn!.id;
  }

  /** All that is written, so that a test can tell that nothing was: each row's beginning, and a digest of all of it. */
  async everythingWritten(): Promise<Record<string, string[]>> {
    const rows = (table: string) =>
      `'${table}', (select json_agg(left(t::text, 500) || md5(t::text) order by t::text) from ${table} t)`;
    const [row] = await this.app.world.database.read<{ written: Record<string, string[]> }>(
      sql`select json_build_object(${raw(tables.map(rows).join())}) as written`,
    );
    return row!.written;
  }

  /** The one refusal of a call, after making sure that it has no subject and that nothing was written. */
  async refusal<Data, Input>(person: Person, mutation: Mutation<Data, Input>, input: Input): Promise<Refused> {
    const before = await this.everythingWritten();
    const { errors, ...subject } = payloadOf(await person.ask(mutation, { input })) as { errors: Refused[] };
    expect(errors).toHaveLength(1);
    for (const value of Object.values(subject)) expect(value ?? []).toEqual([]);
    expect(await this.everythingWritten()).toEqual(before);
    return errors[0]!;
  }

  /** That the role may never do this: an error of GraphQL's, and nothing written. */
  async isForbidden<Data, Input>(person: Person, mutation: Mutation<Data, Input>, input: Input): Promise<void> {
    const before = await this.everythingWritten();
    const { errors } = await person.attempt(mutation, { input });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect(await this.everythingWritten()).toEqual(before);
  }
}

const tables = [
  'tickets',
  'ticket_counters',
  'ticket_comments',
  'ticket_changes',
  'ticket_snapshots',
  'ticket_snapshot_entries',
  'ticket_snapshot_seals',
  'workspaces',
  'attachments',
  'transfers',
  'notifications',
  'notification_preferences',
  'push_subscriptions',
  'profiles',
  'actors',
  'passwords',
  'conversations',
  'entries',
  'participants',
  'read_marks',
  'ai_turns',
  'idempotency_keys',
];

const payloadOf = <Data>(data: Data) => Object.values(data as object)[0] as Payload<Data>;

/** What a mutation that is carried out answers with. */
export async function does<Data, Input>(
  person: Person,
  mutation: Mutation<Data, Input>,
  input: Input,
): Promise<Payload<Data>> {
  const payload: Payload<Data> = payloadOf((await person.ask(mutation, { input })) as Data);
  expect((payload as { errors: unknown[] }).errors).toEqual([]);
  return payload;
}

export const says = (person: Person, conversationId: string, text: string) =>
  does(person, SendMessageDocument, { conversationId, text });
export const whispers = (person: Person, conversationId: string, text: string) =>
  does(person, WhisperDocument, { conversationId, text });
export const resolves = (person: Person, conversationId: string) =>
  does(person, ResolveConversationDocument, { conversationId });
export const finalizes = (person: Person, conversationId: string) =>
  does(person, FinalizeConversationDocument, { conversationId });
export const handsBack = (person: Person, conversationId: string) =>
  does(person, HandBackConversationDocument, { conversationId });
export const takesOver = (person: Person, conversationId: string) =>
  does(person, TakeOverConversationDocument, { conversationId });
export const asksForHuman = (person: Person, conversationId: string) =>
  does(person, RequestHumanDocument, { conversationId });
export const joins = (person: Person, conversationId: string) =>
  does(person, JoinConversationDocument, { conversationId });
export const leaves = (person: Person, conversationId: string) =>
  does(person, LeaveConversationDocument, { conversationId });
export const reopens = (person: Person, conversationId: string) =>
  does(person, ReopenConversationDocument, { conversationId });

/** The conversation as everybody in it sees it. */
export async function conversationOf(person: Person, id: string) {
  const { conversation }: ConversationQuery = await person.ask(ConversationDocument, { id });
  return conversation!;
}

/** The conversation with what only the team sees of it. */
export async function teamConversationOf(person: Person, id: string) {
  const { conversation }: TeamConversationQuery = await person.ask(TeamConversationDocument, { id });
  return conversation!;
}

export const participantsOf = ({ participants }: { participants: { actor: { id: string } }[] }): string[] =>
  participants.map(({ actor }) => actor.id);

/** The timeline as this person sees it. */
export async function timelineOf(person: Person, id: string): Promise<string[]> {
  const { conversation } = await person.ask(TimelineDocument, { id, first: 100 });
  return gists(conversation!.timeline.edges);
}

/**
 * What a person's stream of a conversation brings from now on. `until` answers all that came before the marker; so a
 * marker that everybody hears shows what somebody did not.
 */
export async function listening(person: Person, conversationId: string) {
  const { conversation } = await person.ask(TimelineDocument, { id: conversationId, last: 1 });
  const after = conversation!.timeline.pageInfo.endCursor;
  const stream = person.follow(TimelineItemAddedDocument, { conversationId, after });
  return {
    async until(marker: string): Promise<string[]> {
      const heard: string[] = [];
      for (;;) {
        const entry = gist((await stream.next()).data!.timelineItemAdded.node);
        if (entry === marker) {
          stream.stop();
          return heard;
        }
        heard.push(entry);
      }
    },
  };
}
