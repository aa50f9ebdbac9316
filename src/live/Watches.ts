import type { Logger } from 'pino';
import sql from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { mayNotice } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { Bells, Ring, TypingRing } from './Bells.js';

const sweepMs = 1000;

export type Topic =
  | `conversation ${string}`
  | `workspace ${string}`
  | `turns ${string}`
  | `notifications ${string}`
  | `standing ${string}`
  | `typing ${string}`;

/**
 * Who on this node waits for what. A ring wakes whoever it concerns; a slow sweep compares what is watched with the
 * database and wakes those whose bell was lost. Being woken means nothing but: read the log.
 */
export class Watches {
  private readonly watching = new Map<Topic, Set<Watch>>();
  private readonly forgetting = new Set<(topic: Topic) => void>();
  private known = new Map<string, string>();
  /** every transaction from here on was still to commit at the last look */
  private horizon: string | null = null;
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

  /** What an agent is told of. */
  notifications(agentId: string): Watch {
    return this.watch([`notifications ${agentId}`, `standing ${agentId}`], () => true);
  }

  /** Who types in a conversation. What is said of it is handed to `hear`, since nobody can read it later. */
  typing(viewer: Viewer, conversationId: string, hear: (ring: TypingRing) => boolean): Watch {
    const concerns = (ring: Ring) => {
      if (ring.about === 'typing') return hear(ring);
      return ring.about !== 'conversation' || ring.part === 'EVERYONE';
    };
    return this.watch(
      [`typing ${conversationId}`, `conversation ${conversationId}`, `standing ${viewer.id}`],
      concerns,
    );
  }

  /** Told of a topic before anybody of it is woken: what was read before must not be handed out after. */
  beforeWaking(listener: (topic: Topic) => void): void {
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
    for (const topic of topicsOf(ring)) this.wake(topic, (watch) => watch.concerns(ring));
  }

  private wake(topic: Topic, isConcerned: (watch: Watch) => boolean): void {
    for (const listener of this.forgetting) listener(topic);
    for (const watch of this.watching.get(topic) ?? []) if (isConcerned(watch)) watch.wake();
  }

  private async sweep(): Promise<void> {
    try {
      const seen = await this.look();
      for (const [topic, version] of seen) {
        if (this.known.get(topic) !== version) this.wake(topic, () => true);
      }
      this.known = seen;
    } catch (error) {
      this.log.warn({ error: String(error) }, 'sweep: the database did not answer');
    }
    if (this.timer) this.timer = setTimeout(() => this.sweep(), sweepMs);
  }

  /** Texts that change with every change of what is watched here. They wake; what is read then decides. Of a workspace
   * it is what was committed since the last look: transactions commit out of order, so the latest one would not do. */
  private async look(): Promise<Map<Topic, string>> {
    const ids = (kind: string) =>
      [...this.watching.keys()]
        .filter((topic) => topic.startsWith(`${kind} `))
        .map((topic) => topic.slice(kind.length + 1));
    const [conversations, workspaces, aiAgents] = [ids('conversation'), ids('workspace'), ids('turns')];
    const agents = ids('notifications');
    if (conversations.length + workspaces.length + aiAgents.length + agents.length === 0) return new Map();
    const rows = await this.database.read<{ topic: Topic | 'horizon'; version: string }>(sql`
      select 'conversation ' || c.id as topic,
        concat_ws('.', c.position, c.team_position, c.note_count, c.public_version, c.team_version) as version
      from conversations c where c.id = any(${conversations})
      union all
      select 'workspace ' || watched.id, coalesce((
        select md5(string_agg(c.id || greatest(c.state_xid, c.team_xid), ',' order by c.id)) from conversations c
        where c.workspace_id = watched.id and greatest(c.state_xid, c.team_xid) >= ${this.horizon}::text::xid8), '')
      from unnest(${workspaces}::text[]) watched (id)
      union all
      select 'turns ' || watched.id, coalesce((
        select string_agg(t.id, ',' order by t.id) from ai_turns t
        where t.ai_agent_id = watched.id and t.closed_at is null), '')
      from unnest(${aiAgents}::text[]) watched (id)
      union all
      select 'notifications ' || counter.agent_id, counter.last_number::text from notification_counters counter
      where counter.agent_id = any(${agents})
      union all
      select 'horizon', pg_snapshot_xmin(pg_current_snapshot())::text`);
    const seen = new Map<Topic, string>();
    for (const { topic, version } of rows) {
      if (topic === 'horizon') this.horizon = version;
      else seen.set(topic, version);
    }
    return seen;
  }
}

function topicsOf(ring: Ring): Topic[] {
  switch (ring.about) {
    case 'conversation':
      return [`conversation ${ring.conversationId}`, `workspace ${ring.workspaceId}`];
    case 'turns':
      return [`turns ${ring.aiAgentId}`];
    case 'notifications':
      return [`notifications ${ring.agentId}`];
    case 'standing':
      return [`standing ${ring.actorId}`];
    case 'typing':
      return [`typing ${ring.conversationId}`];
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
