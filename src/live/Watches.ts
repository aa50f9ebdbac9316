import type { Logger } from 'pino';
import sql from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { mayNotice } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { Bells, Ring } from './Bells.js';

const sweepMs = 1000;

type Topic = `conversation ${string}` | `workspace ${string}` | `turns ${string}` | `standing ${string}`;

/**
 * Who on this node waits for what. A ring wakes whoever it concerns; a slow sweep compares what is watched with the
 * database and wakes those whose bell was lost. Being woken means nothing but: read the log.
 */
export class Watches {
  private readonly watching = new Map<Topic, Set<Watch>>();
  private readonly forgetting = new Set<(ring: Ring) => void>();
  private known = new Map<string, string>();
  private timer: NodeJS.Timeout | null = null;
  private readonly deaf: () => void;

  constructor(
    bells: Bells,
    private readonly database: Database,
    private readonly log: Logger,
  ) {
    this.deaf = bells.hear((ring) => this.hear(ring));
    this.timer = setTimeout(() => this.sweep(), sweepMs);
  }

  /** A conversation on a screen. */
  conversation(viewer: Viewer, conversationId: string): Watch {
    const concerns = (ring: Ring) => ring.about !== 'conversation' || mayNotice(viewer, ring.part);
    return this.watch([`conversation ${conversationId}`, `standing ${viewer.id}`], concerns);
  }

  /** All conversations of the viewer's workspace. */
  workspace(viewer: Viewer): Watch {
    const concerns = (ring: Ring) => ring.about !== 'conversation' || mayNotice(viewer, ring.part);
    return this.watch([`workspace ${viewer.workspaceId}`, `standing ${viewer.id}`], concerns);
  }

  /** The turns of an AI agent. */
  turns(aiAgentId: string): Watch {
    return this.watch([`turns ${aiAgentId}`, `standing ${aiAgentId}`], () => true);
  }

  /** Told of every ring before anybody is woken: what was read before it must not be handed out after it. */
  beforeWaking(listener: (ring: Ring) => void): void {
    this.forgetting.add(listener);
  }

  get count(): number {
    return new Set([...this.watching.values()].flatMap((watches) => [...watches])).size;
  }

  close(): void {
    this.deaf();
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    for (const watches of this.watching.values()) for (const watch of watches) watch.close();
  }

  private watch(topics: Topic[], concerns: (ring: Ring) => boolean): Watch {
    const watch = new Watch(concerns, () => {
      for (const topic of topics) {
        const watches = this.watching.get(topic);
        watches?.delete(watch);
        if (watches?.size === 0) this.watching.delete(topic);
      }
    });
    for (const topic of topics) {
      const watches = this.watching.get(topic) ?? new Set();
      this.watching.set(topic, watches.add(watch));
    }
    return watch;
  }

  private hear(ring: Ring): void {
    for (const listener of this.forgetting) listener(ring);
    for (const topic of topicsOf(ring)) {
      for (const watch of this.watching.get(topic) ?? []) if (watch.concerns(ring)) watch.wake();
    }
  }

  private async sweep(): Promise<void> {
    try {
      const seen = await this.look();
      for (const [topic, version] of seen) {
        if (this.known.get(topic) === version) continue;
        for (const watch of this.watching.get(topic as Topic) ?? []) watch.wake();
      }
      this.known = seen;
    } catch (error) {
      this.log.warn({ error: String(error) }, 'sweep: the database did not answer');
    }
    if (this.timer) this.timer = setTimeout(() => this.sweep(), sweepMs);
  }

  /** Numbers that move with every change of what is watched here. They wake; what is read then decides. */
  private async look(): Promise<Map<string, string>> {
    const ids = (kind: string) =>
      [...this.watching.keys()]
        .filter((topic) => topic.startsWith(`${kind} `))
        .map((topic) => topic.slice(kind.length + 1));
    const [conversations, workspaces, aiAgents] = [ids('conversation'), ids('workspace'), ids('turns')];
    if (conversations.length + workspaces.length + aiAgents.length === 0) return new Map();
    const rows = await this.database.read<{ topic: string; version: string }>(sql`
      select 'conversation ' || c.id as topic,
        concat_ws('.', c.position, c.team_position, c.note_count, c.public_version, c.team_version) as version
      from conversations c where c.id = any(${conversations})
      union all
      select 'workspace ' || id, coalesce((
        select greatest(c.state_xid, c.team_xid)::text from conversations c where c.workspace_id = id
        order by greatest(c.state_xid, c.team_xid) desc limit 1), '')
      from unnest(${workspaces}::text[]) id
      union all
      select 'turns ' || id, coalesce((
        select string_agg(t.id, ',' order by t.id) from ai_turns t where t.ai_agent_id = id and t.closed_at is null), '')
      from unnest(${aiAgents}::text[]) id`);
    return new Map(rows.map(({ topic, version }) => [topic, version]));
  }
}

function topicsOf(ring: Ring): Topic[] {
  switch (ring.about) {
    case 'conversation':
      return [`conversation ${ring.conversationId}`, `workspace ${ring.workspaceId}`];
    case 'turns':
      return [`turns ${ring.aiAgentId}`];
    case 'standing':
      return [`standing ${ring.actorId}`];
  }
}

/** One waiting stream. A wake that comes while it reads is kept, so that it reads once more. */
export class Watch {
  private isRung = false;
  private isClosed = false;
  private resume: (() => void) | null = null;

  constructor(
    readonly concerns: (ring: Ring) => boolean,
    private readonly forget: () => void,
  ) {}

  wake(): void {
    this.isRung = true;
    this.resume?.();
  }

  /** Resolves at the next wake, at once if there was one since the last call; false once the watch is closed. */
  async rung(): Promise<boolean> {
    if (!this.isRung && !this.isClosed) await new Promise<void>((resolve) => (this.resume = resolve));
    this.resume = null;
    this.isRung = false;
    return !this.isClosed;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  close(): void {
    this.isClosed = true;
    this.forget();
    this.resume?.();
  }
}
