/** A direction that an engine translates in, both as BCP 47; `from` is null where it finds the language out by itself. */
export interface LanguagePair {
  from: string | null;
  to: string;
}

/** A translation engine in its own words. What fails, throws; an error never says what was to be translated. */
export interface TranslationEngine {
  /** under which its translations are kept: another model is another name */
  readonly name: string;
  /** after which an unanswered call is given up */
  readonly patienceMs: number;
  /** every direction that it offers; null: whatever it is asked for */
  pairs(signal: AbortSignal): Promise<LanguagePair[] | null>;
  /** One translation for each text, in order, with its line breaks; null where there is none. The pair is one of `pairs`. */
  translate(texts: readonly string[], pair: LanguagePair, signal: AbortSignal): Promise<(string | null)[]>;
}

/** A code of an engine's as BCP 47 has it: "eng" is "en", "eng_US" is "en-US", "PT-BR" is "pt-BR"; null for no code. */
export function languageOfCode(code: string): string | null {
  try {
    return Intl.getCanonicalLocales(code.trim().replaceAll('_', '-'))[0] ?? null;
  } catch {
    return null;
  }
}
