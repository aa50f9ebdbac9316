import { FakeEngine } from './FakeEngine.js';

export interface Batch {
  q: string[];
  source: string;
  target: string;
}

/** A LibreTranslate that knows English, Spanish and German, and says of a text in which language it would be. */
export class FakeLibreTranslate {
  /** Batches are answered when this is. */
  gate: Promise<void> = Promise.resolve();

  private constructor(readonly engine: FakeEngine) {}

  static async start(): Promise<FakeLibreTranslate> {
    const codes = ['en', 'es', 'de'];
    const engine = await FakeEngine.start(async ({ path, body }) => {
      if (path === '/languages') {
        return codes.map((code) => ({ code, name: code, targets: codes.filter((other) => other !== code) }));
      }
      const { q, target } = JSON.parse(body) as Batch;
      await libre.gate;
      return { translatedText: q.map((text) => `${target}: ${text}`) };
    });
    const libre = new FakeLibreTranslate(engine);
    return libre;
  }

  get batches(): Batch[] {
    return this.engine.at('/translate').map(({ body }) => JSON.parse(body));
  }

  /** Every text that it was ever given. */
  get texts(): string[] {
    return this.batches.flatMap(({ q }) => q);
  }

  /** Answers nothing until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    return resolve;
  }
}
