import { z } from 'zod';
import { askEngine, sameCount } from './askEngine.js';
import { type LanguagePair, languageOfCode, type TranslationEngine } from './TranslationEngine.js';

const languages = z.array(z.object({ language: z.string() }));
const translations = z.object({ translations: z.array(z.object({ text: z.string() })) });

/** DeepL's API, free or not: the URL decides. A batch is one call. */
export class DeepL implements TranslationEngine {
  readonly name = 'deepl';
  readonly patienceMs = 10_000;
  private readonly headers: Record<string, string>;

  constructor(
    private readonly url: string,
    key: string,
  ) {
    this.headers = { authorization: `DeepL-Auth-Key ${key}` };
  }

  /** Every source goes to every target; some languages are a target only in a region ("EN-GB"). */
  async pairs(signal: AbortSignal): Promise<LanguagePair[]> {
    const [sources, targets] = await Promise.all(['source', 'target'].map((type) => this.languages(type, signal)));
    return [null, ...sources!].flatMap((from) => targets!.map((to) => ({ from, to })));
  }

  async translate(texts: readonly string[], { from, to }: LanguagePair, signal: AbortSignal): Promise<string[]> {
    const { translations: answers } = await askEngine(this.url, '/v2/translate', translations, {
      signal,
      headers: this.headers,
      body: {
        text: texts,
        ...(from !== null && { source_lang: from.toUpperCase() }),
        target_lang: to.toUpperCase(),
        preserve_formatting: true,
      },
    });
    return sameCount(answers, texts).map(({ text }) => text);
  }

  private async languages(type: string, signal: AbortSignal): Promise<string[]> {
    const { headers } = this;
    const offered = await askEngine(this.url, `/v2/languages?type=${type}`, languages, { signal, headers });
    return offered.map(({ language }) => languageOfCode(language)).filter((code) => code !== null);
  }
}
