import { print } from 'graphql';
import sql from 'sql-template-tag';
import { vi } from 'vitest';
import type { Viewer } from '../../src/auth/Viewer.js';
import { Watches } from '../../src/live/Watches.js';
import { TimelineDocument, type TimelineItemAddedSubscription } from '../operations/generated.js';
import type { TestApp } from './app.js';
import type { EventQueue } from './EventQueue.js';
import type { Person } from './Person.js';

type Event<Data> = { data?: Data | null; errors?: readonly { extensions?: { code?: string } }[] };

/** The code that a stream was refused with when it was asked for. Nothing came before it, and it is over. */
export async function refusalOf(stream: EventQueue<Event<unknown>>): Promise<string | undefined> {
  const end = await stream.whenEnded();
  const errors = Array.isArray(end) ? end : stream.seen[0]?.errors;
  if (stream.seen.some(({ data }) => data)) throw new Error(`It was not refused: ${JSON.stringify(stream.seen)}`);
  return errors?.[0]?.extensions?.code;
}

/** The one value that each event of a stream carries. */
export async function valuesIn<Data extends object>(
  stream: EventQueue<Event<Data>>,
  count: number,
): Promise<Data[keyof Data][]> {
  return (await stream.take(count)).map(valueIn);
}

export function valueIn<Data extends object>({ data, errors }: Event<Data>): Data[keyof Data] {
  if (errors || !data) throw new Error(`An event brought errors: ${JSON.stringify(errors)}`);
  return Object.values(data)[0];
}

export type Edge = TimelineItemAddedSubscription['timelineItemAdded'];

/** The whole timeline as this person sees it, fetched page by page. */
export async function wholeTimeline(person: Person, id: string, first = 100): Promise<Edge[]> {
  const edges: Edge[] = [];
  let after: string | null = null;
  do {
    const { conversation }: any = await person.ask(print(TimelineDocument), { id, first, after });
    edges.push(...conversation.timeline.edges);
    after = conversation.timeline.pageInfo.hasNextPage ? conversation.timeline.pageInfo.endCursor : null;
  } while (after !== null);
  return edges;
}

/** Who waits for what on the nodes that start after this call: the streams that are open, for tests of leaks. */
export function spiedWatches(): { count: number } {
  const spies = (['conversation', 'workspace', 'turns'] as const).map((kind) => vi.spyOn(Watches.prototype, kind));
  return {
    get count() {
      const instances = new Set(spies.flatMap(({ mock }) => mock.contexts as Watches[]));
      return [...instances].reduce((sum, watches) => sum + watches.count, 0);
    },
  };
}

/** The person as an action takes them. */
export async function viewerOf({ world }: TestApp, person: Person): Promise<Viewer> {
  const [row] = await world.database.read<Pick<Viewer, 'id' | 'kind' | 'workspaceId' | 'role' | 'scopes'>>(sql`
    select id, kind, workspace_id as "workspaceId", role, scopes from actors where id = ${person.id}`);
  return { ...row!, apiKeyId: null, expiresAt: null };
}
