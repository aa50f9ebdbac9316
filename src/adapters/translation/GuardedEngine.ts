import CircuitBreaker from 'opossum';
import type { LanguagePair, TranslationEngine } from './TranslationEngine.js';

export interface Guard {
  /** whether its address is on the own network */
  isLocal: boolean;
  /** how long a reader waits */
  readerMs?: number;
  /** how long a breaker stays open */
  pauseMs?: number;
  /** told once when the engine fails, and once when it is back */
  log: (message: string) => void;
}

/** DeepL takes no more at once, and others are no faster with more. */
const textsPerCall = 50;
const charactersPerCall = 60_000;
const callsAtOnce = 32;
const pairsKeptMs = 10 * 60_000;

/**
 * An engine that cannot hold up anybody. It may be down, and it may be slow, which are not the same:
 * `calls` opens when it fails, and then nothing is sent to it for a while; `waiting` opens when a reader has waited in
 * vain, and then nobody waits, while calls go on in the background, until one was quick again.
 */
export class GuardedEngine {
  readonly name: string;
  readonly isLocal: boolean;
  private readonly closing = new AbortController();
  private readonly calls: CircuitBreaker<[call: (signal: AbortSignal) => Promise<unknown>], unknown>;
  private readonly waiting: CircuitBreaker<[work: Promise<unknown>], unknown>;
  private readonly readerMs: number;
  private offered: { pairs: Promise<LanguagePair[] | null>; until: number } | null = null;

  constructor(
    private readonly engine: TranslationEngine,
    { isLocal, readerMs = 1000, pauseMs = 10_000, log }: Guard,
  ) {
    this.name = engine.name;
    this.isLocal = isLocal;
    this.readerMs = readerMs;
    const common = { resetTimeout: pauseMs, rollingPercentilesEnabled: false, enableSnapshots: false };
    this.calls = new CircuitBreaker(
      (call) => call(AbortSignal.any([this.closing.signal, AbortSignal.timeout(engine.patienceMs)])),
      { ...common, timeout: false, volumeThreshold: 3, capacity: callsAtOnce },
    );
    this.calls.on('open', () => log(`translation: ${engine.name} fails; nothing is sent to it for a while`));
    this.calls.on('close', () => log(`translation: ${engine.name} answers again`));
    this.waiting = new CircuitBreaker((work) => work, { ...common, timeout: readerMs });
  }

  /** Every direction on offer, asked for now and then; null: whatever it is asked for. */
  pairs(): Promise<LanguagePair[] | null> {
    if (this.offered === null || performance.now() > this.offered.until) {
      const pairs = this.call((signal) => this.engine.pairs(signal));
      this.offered = { pairs, until: performance.now() + pairsKeptMs };
      pairs.catch(() => {
        this.offered = null;
      });
    }
    return this.offered.pairs;
  }

  /** In as few calls as the engine takes; null for each text of a call that failed. Throws if all did. */
  async translate(texts: readonly string[], pair: LanguagePair): Promise<(string | null)[]> {
    const parts = partsOf(texts);
    const answers = await Promise.allSettled(
      parts.map((part) => this.call((signal) => this.engine.translate(part, pair, signal))),
    );
    if (answers.every(({ status }) => status === 'rejected')) throw (answers[0] as PromiseRejectedResult).reason;
    return answers.flatMap((answer, nr) => (answer.status === 'fulfilled' ? answer.value : parts[nr]!.map(() => null)));
  }

  /** What comes of this work while a reader waits; null if it takes too long, or has lately. The work goes on. */
  async whileReaderWaits<T>(work: Promise<T>): Promise<T | null> {
    return this.waiting.fire(work).catch((error: Error) => {
      if (CircuitBreaker.isOurError(error)) return null;
      throw error;
    }) as Promise<T | null>;
  }

  /** Gives up what is under way. */
  close(): void {
    this.closing.abort();
    this.calls.shutdown();
    this.waiting.shutdown();
  }

  private async call<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const start = performance.now();
    const answer = await this.calls.fire(call);
    if (performance.now() - start < this.readerMs) this.waiting.close();
    return answer as T;
  }
}

function partsOf(texts: readonly string[]): string[][] {
  const parts: string[][] = [];
  let characters = 0;
  for (const text of texts) {
    const part = parts.at(-1);
    characters += text.length;
    if (part && part.length < textsPerCall && characters <= charactersPerCall) part.push(text);
    else {
      parts.push([text]);
      characters = text.length;
    }
  }
  return parts;
}
