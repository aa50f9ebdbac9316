import { z } from 'zod';
import { askEngine } from './askEngine.js';
import { type LanguagePair, languageOfCode, type TranslationEngine } from './TranslationEngine.js';

const pairList = z.object({
  responseData: z.array(z.object({ sourceLanguage: z.string(), targetLanguage: z.string() })),
});
const translation = z.object({ responseData: z.object({ translatedText: z.string() }) });
const callsAtOnce = 4;

const keyOf = ({ from, to }: LanguagePair) => `${from}|${to}`;

/** Apertium APy. It speaks ISO 639-3, takes one text a call, and does not tell languages apart by itself. */
export class Apertium implements TranslationEngine {
  readonly name = 'apertium';
  readonly patienceMs = 10_000;
  /** its own name of a pair ("eng|spa"), by ours */
  private names = new Map<string, string>();

  constructor(private readonly url: string) {}

  async pairs(signal: AbortSignal): Promise<LanguagePair[]> {
    const { responseData } = await askEngine(this.url, '/listPairs', pairList, { signal });
    const named = responseData.flatMap(({ sourceLanguage, targetLanguage }) => {
      const [from, to] = [languageOfCode(sourceLanguage), languageOfCode(targetLanguage)];
      return from === null || to === null ? [] : [{ pair: { from, to }, name: `${sourceLanguage}|${targetLanguage}` }];
    });
    this.names = new Map(named.map(({ pair, name }) => [keyOf(pair), name]));
    return named.map(({ pair }) => pair);
  }

  /** A few texts at a time; those that fail are left out, unless all do. */
  async translate(texts: readonly string[], pair: LanguagePair, signal: AbortSignal): Promise<(string | null)[]> {
    const langpair = this.names.get(keyOf(pair)) ?? keyOf(pair);
    const answers = new Array<string | null>(texts.length).fill(null);
    const waiting = [...texts.entries()];
    let failure: unknown = null;
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [nr, q] = next;
        // `txt` keeps line breaks and blanks; without markUnknown=no, words it does not know come with an asterisk.
        const body = new URLSearchParams({ q, langpair, markUnknown: 'no', format: 'txt' });
        try {
          const { responseData } = await askEngine(this.url, '/translate', translation, { signal, body });
          answers[nr] = responseData.translatedText;
        } catch (error) {
          failure = error;
        }
      }
    };
    await Promise.all(Array.from({ length: callsAtOnce }, work));
    if (failure !== null && answers.every((answer) => answer === null)) throw failure;
    return answers;
  }
}
