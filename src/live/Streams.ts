import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Principals } from '../auth/Principals.js';
import { type Deed, mayEver } from '../auth/roles.js';
import { isAdmin, type Viewer } from '../auth/Viewer.js';
import { noticedVersion, sharedViewKey } from '../auth/visibility.js';
import type { Clock } from '../clock.js';
import type { Database } from '../database/Database.js';
import type { Place } from '../entities/Conversation.js';
import type { EntryType } from '../entities/Entry.js';
import { badUserInput, notFound } from '../errors.js';
import { isIdOf } from '../ids.js';
import { openAiTurns } from '../reads/aiTurns.js';
import { type ConversationFilter, matchesFilter } from '../reads/conversationFilter.js';
import { ConversationReads, changedSince, handlingEpochOf, versionOf } from '../reads/conversations.js';
import { beginning, notificationOfCursor, placeOfCursor } from '../reads/cursors.js';
import { lastNotification, notificationsPage } from '../reads/notifications.js';
import type { AiTurnRow, EntryRow, NotificationRow } from '../reads/rows.js';
import { entriesAfter, lastPlace } from '../reads/timeline.js';
import type { TypingRing } from './Bells.js';
import { SharedReads } from './SharedReads.js';
import { Typists } from './Typists.js';
import type { Watch, Watches } from './Watches.js';

const batch = 100;
const patienceMs = 500;

export type InboxStep = { kind: 'READY' } | { kind: 'CHANGED' | 'REMOVED'; conversationId: string };

/**
 * Every stream is a reader of the log that is woken by bells. It is authorised when it is asked for, and before each
 * delivery; it ends when its viewer may no longer follow. It holds no queue: one that is slow falls behind in the log.
 */
export class Streams {
  private readonly shared: SharedReads;

  constructor(
    private readonly database: Database,
    private readonly watches: Watches,
    private readonly principals: Principals,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.shared = new SharedReads(watches);
  }

  /** What comes after a cursor, first from the log and then live, the same code for both: no gap and no duplicate.
   * Without a cursor it begins now. */
  async entries(
    viewer: Viewer,
    deed: Deed,
    conversationId: string,
    after: string | null,
    types: readonly EntryType[],
  ): Promise<AsyncIterableIterator<EntryRow>> {
    // Watching begins before the first look, so that nothing falls between.
    const watch = this.watches.conversation(viewer, conversationId);
    try {
      let place = await this.startingPlace(viewer, conversationId, after);
      const key = () => `entries ${sharedViewKey(viewer)} ${Object.values(place).join('.')}`;
      const read = () => entriesAfter(this.database, viewer, conversationId, place, batch);
      return this.follow(viewer, deed, watch, async function* (this: Streams) {
        for (;;) {
          const entries = await this.shared.share(conversationId, key(), read);
          for (const entry of entries) {
            if (types.includes(entry.type)) yield entry;
            // Only now: what was not delivered is read again.
            const { position, teamPosition, notePosition } = entry;
            place = { position, teamPosition, notePosition };
          }
          if (entries.length < batch) return;
        }
      });
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** The conversation's id: at once, and whenever something has changed that the viewer may read. */
  async conversation(viewer: Viewer, deed: Deed, conversationId: string): Promise<AsyncIterableIterator<string>> {
    if (!isIdOf(conversationId, 'conv')) throw notFound();
    const watch = this.watches.conversation(viewer, conversationId);
    const read = () => versionOf(this.database, viewer, conversationId);
    let known = '';
    try {
      if ((await read()) === null) throw notFound();
    } catch (error) {
      watch.close();
      throw error;
    }
    const key = `version ${noticedVersion(viewer).text}`;
    return this.follow(viewer, deed, watch, async function* (this: Streams) {
      const version = await this.shared.share(conversationId, key, read);
      if (version === null) return watch.close();
      if (version !== known) yield conversationId;
      known = version;
    });
  }

  /** `READY`, then each conversation that has changed, by whether it matches the filter now. */
  async inbox(
    viewer: Viewer,
    deed: Deed,
    filter: ConversationFilter | null,
  ): Promise<AsyncIterableIterator<InboxStep>> {
    const matches = matchesFilter(viewer, filter);
    const watch = this.watches.workspace(viewer);
    const start = changedSince(this.database, viewer, null);
    let { horizon } = await start.catch((error) => {
      watch.close();
      throw error;
    });
    let told = new Map<string, string>();
    let isReady = false;
    return this.follow(viewer, deed, watch, async function* (this: Streams) {
      if (!isReady) yield { kind: 'READY' };
      isReady = true;
      const changes = await changedSince(this.database, viewer, horizon);
      const news = changes.changed.filter(({ id, version }) => told.get(id) !== version);
      const ids = news.map(({ id }) => id);
      const reads = new ConversationReads(this.database, viewer, this.clock.now());
      const matching = ids.length === 0 ? new Set<string>() : await reads.matching(ids, matches);
      for (const { id, version } of news) {
        yield { kind: matching.has(id) ? 'CHANGED' : 'REMOVED', conversationId: id };
        told.set(id, version);
      }
      horizon = changes.horizon;
      told = new Map(changes.changed.map(({ id, version }) => [id, version]));
    });
  }

  /** What the viewer is told of, after a cursor and then live; without one it begins now. */
  async notifications(
    viewer: Viewer,
    deed: Deed,
    after: string | null,
  ): Promise<AsyncIterableIterator<NotificationRow>> {
    const watch = this.watches.notifications(viewer.id);
    try {
      const last = await lastNotification(this.database, viewer);
      let number = after === null ? last : after === '' ? 0 : notificationOfCursor(viewer.id, after);
      if (number > last) throw badUserInput('This cursor is not one of this list.');
      return this.follow(viewer, deed, watch, async function* (this: Streams) {
        for (;;) {
          const page = { limit: batch, backward: false, after: number, before: null };
          const rows = await notificationsPage(this.database, viewer, page, false);
          for (const row of rows.slice(0, batch)) {
            yield row;
            number = row.number;
          }
          if (rows.length <= batch) return;
        }
      });
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** Turns that are open already, then each one that opens. Only an AI agent has any. */
  async aiTurns(viewer: Viewer, deed: Deed): Promise<AsyncIterableIterator<AiTurnRow>> {
    const watch = this.watches.turns(viewer.id);
    let delivered = new Set<string>();
    return this.follow(viewer, deed, watch, async function* (this: Streams) {
      const open = await openAiTurns(this.database, viewer, this.clock.now());
      for (const turn of open) {
        if (delivered.has(turn.id)) continue;
        yield turn;
        delivered.add(turn.id);
      }
      delivered = new Set(open.map(({ id }) => id));
    });
  }

  /** Who begins and who stops to type, but the viewer. It begins with silence: nothing of it is stored. */
  async typing(viewer: Viewer, deed: Deed, conversationId: string): Promise<AsyncIterableIterator<TypingRing>> {
    if (!isIdOf(conversationId, 'conv')) throw notFound();
    const typists = new Typists(viewer, this.clock);
    const watch = this.watches.typing(viewer, conversationId, (ring) => typists.hear(ring));
    const read = () => handlingEpochOf(this.database, viewer, conversationId);
    try {
      if ((await read()) === null) throw notFound();
    } catch (error) {
      watch.close();
      throw error;
    }
    let end: NodeJS.Timeout | undefined;
    return this.follow(viewer, deed, watch, async function* (this: Streams) {
      clearTimeout(end);
      for (;;) {
        const epoch = await read();
        if (epoch === null) return watch.close();
        const change = typists.next(epoch);
        if (change === null) break;
        yield change;
      }
      if (typists.msLeft !== null) end = setTimeout(() => watch.wake(), typists.msLeft).unref();
    });
  }

  private async startingPlace(viewer: Viewer, conversationId: string, after: string | null): Promise<Place> {
    if (!isIdOf(conversationId, 'conv')) throw notFound();
    const last = await lastPlace(this.database, viewer, conversationId);
    if (last === null) throw notFound();
    if (after === null) return last;
    if (after === '') return beginning;
    const place = placeOfCursor(viewer, conversationId, after);
    if (isBeyond(place, last)) throw badUserInput('This cursor is not one of this list.');
    return place;
  }

  /** Runs `deliver` now and after each wake, as long as the viewer may follow. A database that does not answer delays
   * the stream and does not end it. */
  private follow<T>(
    viewer: Viewer,
    deed: Deed,
    watch: Watch,
    deliver: (this: Streams) => AsyncGenerator<T, void>,
  ): AsyncIterableIterator<T> {
    const streams = this;
    async function* run() {
      try {
        do {
          try {
            if (!(await streams.mayFollow(viewer, deed))) return;
            for await (const item of deliver.call(streams)) {
              if (watch.closed || !(await streams.mayFollow(viewer, deed))) return;
              yield item;
            }
          } catch (error) {
            streams.log.warn({ error: String(error) }, 'stream: reading failed, trying again');
            await sleep(patienceMs);
            watch.wake();
          }
        } while (await watch.rung());
      } finally {
        watch.close();
      }
    }
    return endingAtOnce(run(), watch);
  }

  /** Role and scopes as they are now, at most five seconds old. Each event is read as the viewer of the beginning, so a
   * stream ends when anything was taken from them. */
  private async mayFollow(viewer: Viewer, deed: Deed): Promise<boolean> {
    const now = await this.principals.current(viewer);
    if (now === null || !mayEver(now, deed) || sharedViewKey(now) !== sharedViewKey(viewer)) return false;
    return (isAdmin(now) || !isAdmin(viewer)) && viewer.scopes.every((scope) => now.scopes.includes(scope));
  }
}

const isBeyond = (a: Place, b: Place) =>
  (a.position - b.position || a.teamPosition - b.teamPosition || a.notePosition - b.notePosition) > 0;

/** A generator that waits cannot be ended until it goes on: closing its watch lets it. */
function endingAtOnce<T>(generator: AsyncGenerator<T>, watch: Watch): AsyncIterableIterator<T> {
  return {
    next: () => generator.next(),
    return: async () => {
      watch.close();
      return generator.return(undefined);
    },
    throw: (error) => {
      watch.close();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
