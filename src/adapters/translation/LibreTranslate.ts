import { z } from 'zod';
import { askEngine, sameCount } from './askEngine.js';
import { type LanguagePair, languageOfCode, type TranslationEngine } from './TranslationEngine.js';

const languages = z.array(z.object({ code: z.string(), targets: z.array(z.string()) }));
const translations = z.object({ translatedText: z.array(z.string()) });

/** LibreTranslate, and what speaks its protocol. A batch is one call. */
export class LibreTranslate implements TranslationEngine {
  readonly name = 'libretranslate';
  readonly patienceMs = 10_000;
  /** its own codes, by ours */
  private codes = new Map<string, string>();

  constructor(
    private readonly url: string,
    private readonly key?: string,
  ) {}

  async pairs(signal: AbortSignal): Promise<LanguagePair[]> {
    const offered = await askEngine(this.url, '/languages', languages, { signal });
    const all = offered.flatMap(({ code, targets }) => [code, ...targets]);
    this.codes = new Map(all.map((code) => [languageOfCode(code) ?? code, code]));
    const known = offered.flatMap(({ code, targets }) => {
      const from = languageOfCode(code);
      return from === null ? [] : languagesOf(targets).map((to) => ({ from, to }));
    });
    return [...known, ...languagesOf(all).map((to) => ({ from: null, to }))];
  }

  async translate(texts: readonly string[], { from, to }: LanguagePair, signal: AbortSignal): Promise<string[]> {
    const { translatedText } = await askEngine(this.url, '/translate', translations, {
      signal,
      body: {
        q: texts,
        source: from === null ? 'auto' : (this.codes.get(from) ?? from),
        target: this.codes.get(to) ?? to,
        format: 'text',
        ...(this.key && { api_key: this.key }),
      },
    });
    return sameCount(translatedText, texts);
  }
}

const languagesOf = (codes: string[]) => codes.map(languageOfCode).filter((code) => code !== null);
