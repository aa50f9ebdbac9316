import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import sql from 'sql-template-tag';
import type { GuardedEngine } from '../adapters/translation/GuardedEngine.js';
import type { LanguagePair } from '../adapters/translation/TranslationEngine.js';
import type { Viewer } from '../auth/Viewer.js';
import type { Clock } from '../clock.js';
import type { Database } from '../database/Database.js';
import { closestLanguage, hasWords, isSameLanguage, type TranslationStatus } from '../entities/languages.js';
import type { EntryRow, TranslationRow, WorkspaceRow } from './rows.js';

/** An entry that somebody may see, and the language in which they want to read it. */
export interface TranslationWish {
  entry: EntryRow;
  /** canonical BCP 47 */
  to: string;
}

interface Outcome {
  status: TranslationStatus;
  text: string | null;
}

/** What is looked for under one key, and kept under it. */
interface Source {
  key: string;
  text: string;
  readers: string;
  sha256: Buffer;
  from: string | null;
  to: string;
}

/** Kept already, or with all that was asked for together, in one direction. */
type Found = { kept: string } | { batch: Promise<ReadonlyMap<string, Outcome>> };

const unavailable: Outcome = { status: 'UNAVAILABLE', text: null };
/** BCP 47 for a language that nobody knows. */
const undetermined = 'und';

/**
 * One reader of translations for a node. What was made once is kept; what is being made is waited for by all who want it;
 * and what takes too long arrives for whoever asks later. Nothing here can fail an entry: it has a status instead.
 */
export class Translations {
  private readonly underWay = new Map<string, Promise<Found>>();
  private readonly batches = new Set<Promise<unknown>>();

  constructor(
    private readonly database: Database,
    private readonly engine: GuardedEngine | null,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Whether whispers and notes of this workspace go to the engine: as its admins say, else if that is on the own network. */
  takesWhispers({ translateWhispers }: WorkspaceRow): boolean {
    return translateWhispers ?? this.engine?.isLocal ?? false;
  }

  /** One for each wish, in order; at most one batch for each pair of languages. */
  async of(
    viewer: Viewer,
    wishes: readonly TranslationWish[],
    workspace: () => Promise<WorkspaceRow>,
  ): Promise<TranslationRow[]> {
    const hasWhispers = this.engine !== null && wishes.some(({ entry }) => entry.type === 'WHISPER');
    const mayWhisper = hasWhispers && this.takesWhispers(await workspace());
    const decided = wishes.map((wish) => this.withoutEngine(wish, mayWhisper));
    const open = wishes.filter((_, nr) => decided[nr] === null);
    const outcomes = this.engine === null ? [] : await this.outcomes(viewer.workspaceId, open, this.engine);
    return wishes.map(({ entry, to }, nr) => ({
      from: entry.language,
      to,
      ...(decided[nr] ?? outcomes.shift() ?? unavailable),
    }));
  }

  /** Gives up what is under way, and waits for its end. */
  async close(): Promise<void> {
    this.engine?.close();
    await Promise.allSettled(this.batches);
  }

  private withoutEngine({ entry, to }: TranslationWish, mayWhisper: boolean): Outcome | null {
    const { language, text, type } = entry;
    const isRead = language === null ? !hasWords(text ?? '') : isSameLanguage(language, to);
    if (isRead) return { status: 'SAME_LANGUAGE', text: null };
    if (this.engine === null) return unavailable;
    return type === 'WHISPER' && !mayWhisper ? { status: 'NOT_ALLOWED', text: null } : null;
  }

  private async outcomes(
    workspaceId: string,
    wishes: readonly TranslationWish[],
    engine: GuardedEngine,
  ): Promise<Outcome[]> {
    const sources = wishes.map((wish) => sourceOf(workspaceId, wish));
    // Claimed before anything is waited for: so two who ask at once cost one call, whoever came first.
    this.lookUp(workspaceId, sources, engine);
    const found = await Promise.all(sources.map(({ key }) => this.underWay.get(key)!));
    const waits = new Map(
      found.flatMap((one) => ('batch' in one ? [[one.batch, engine.whileReaderWaits(one.batch)]] : [])),
    );
    return Promise.all(
      found.map(async (one, nr) =>
        'kept' in one
          ? { status: 'TRANSLATED', text: one.kept }
          : ((await waits.get(one.batch))?.get(sources[nr]!.key) ?? unavailable),
      ),
    );
  }

  private lookUp(workspaceId: string, sources: readonly Source[], engine: GuardedEngine): void {
    const fresh = sources.filter(({ key }) => !this.underWay.has(key)).map((source) => [source.key, source] as const);
    const all = [...new Map(fresh).values()];
    if (all.length === 0) return;
    const kept = this.kept(workspaceId, all, engine).catch((error) => {
      this.log.warn({ error: String(error) }, 'translation: what is kept could not be read');
      return new Map<string, string>();
    });
    for (const direction of Map.groupBy(all, ({ from, to }) => `${from} ${to}`).values()) {
      const batch = kept.then((texts) => {
        const missing = direction.filter(({ key }) => !texts.has(key));
        return missing.length === 0 ? new Map<string, Outcome>() : this.make(workspaceId, missing, engine);
      });
      this.batches.add(batch);
      for (const { key } of direction) {
        this.underWay.set(
          key,
          kept.then((texts) => (texts.has(key) ? { kept: texts.get(key)! } : { batch })),
        );
      }
      void batch.then(() => {
        this.batches.delete(batch);
        for (const { key } of direction) this.underWay.delete(key);
      });
    }
  }

  private async kept(workspaceId: string, sources: Source[], { name }: GuardedEngine): Promise<Map<string, string>> {
    const rows = await this.database.read<{ nr: number; text: string }>(sql`
      select asked.nr, t.text
      from unnest(
        ${sources.map(({ readers }) => readers)}::text[], ${sources.map(({ sha256 }) => sha256)}::bytea[],
        ${sources.map(({ from }) => from ?? undetermined)}::text[], ${sources.map(({ to }) => to)}::text[]
      ) with ordinality asked (readers, sha256, from_language, to_language, nr)
      join translations t on t.workspace_id = ${workspaceId} and t.readers = asked.readers
        and t.source_sha256 = asked.sha256 and t.from_language = asked.from_language
        and t.to_language = asked.to_language and t.engine = ${name}`);
    return new Map(rows.map(({ nr, text }) => [sources[nr - 1]!.key, text]));
  }

  /** Never fails. All sources are of one direction. */
  private async make(
    workspaceId: string,
    sources: Source[],
    engine: GuardedEngine,
  ): Promise<ReadonlyMap<string, Outcome>> {
    try {
      const pair = pairFor(sources[0]!, await engine.pairs());
      if (pair === null)
        return new Map(sources.map(({ key }) => [key, { status: 'UNSUPPORTED_LANGUAGE', text: null }]));
      const texts = await engine.translate(
        sources.map(({ text }) => text),
        pair,
      );
      const made = sources.flatMap((source, nr) => (isText(texts[nr]) ? [{ ...source, made: texts[nr] }] : []));
      await this.keep(workspaceId, made, engine).catch((error) =>
        this.log.warn({ error: String(error) }, 'translation: could not be kept'),
      );
      return new Map(made.map(({ key, made: text }) => [key, { status: 'TRANSLATED', text }]));
    } catch (error) {
      this.log.debug({ engine: engine.name, error: String(error) }, 'translation: failed');
      return new Map();
    }
  }

  private async keep(workspaceId: string, made: (Source & { made: string })[], { name }: GuardedEngine): Promise<void> {
    await this.database.read(sql`
      insert into translations
        (workspace_id, readers, source_sha256, from_language, to_language, engine, text, created_at)
      select ${workspaceId}, made.readers, made.sha256, made.from_language, made.to_language, ${name}, made.text,
        ${this.clock.now()}
      from unnest(
        ${made.map(({ readers }) => readers)}::text[], ${made.map(({ sha256 }) => sha256)}::bytea[],
        ${made.map(({ from }) => from ?? undetermined)}::text[], ${made.map(({ to }) => to)}::text[],
        ${made.map(({ made: text }) => text)}::text[]
      ) made (readers, sha256, from_language, to_language, text)
      on conflict do nothing`);
  }
}

/** Whoever may read an entry shares what was made of its text with nobody else: its being there already would tell them
 * that somebody wrote just that. */
function sourceOf(workspaceId: string, { entry, to }: TranslationWish): Source {
  const { audience, actorId, language: from } = entry;
  const text = entry.text ?? '';
  const readers = audience === 'SELF' ? actorId : audience;
  const sha256 = createHash('sha256').update(text).digest();
  return {
    key: [workspaceId, readers, sha256.toString('base64'), from ?? undetermined, to].join(' '),
    text,
    readers,
    sha256,
    from,
    to,
  };
}

/** The engine's direction for a wish; null if it has none. */
function pairFor({ from, to }: Source, offered: LanguagePair[] | null): LanguagePair | null {
  if (offered === null) return { from, to };
  const sources = offered.map((pair) => pair.from).filter((language) => language !== null);
  const source = from === null ? null : closestLanguage(from, sources);
  if (from !== null && source === null) return null;
  const targets = offered.filter((pair) => pair.from === source).map((pair) => pair.to);
  const target = closestLanguage(to, targets);
  return target === null ? null : { from: source, to: target };
}

/** PostgreSQL keeps neither NUL nor half a surrogate pair, and an empty translation is none. */
const isText = (text: string | null | undefined): text is string =>
  typeof text === 'string' && text.trim() !== '' && text.isWellFormed() && !text.includes('\0');
