import { eld } from 'eld/extrasmall';

export const translationStatuses = [
  'TRANSLATED',
  'SAME_LANGUAGE',
  'UNSUPPORTED_LANGUAGE',
  'UNAVAILABLE',
  'NOT_ALLOWED',
] as const;
export type TranslationStatus = (typeof translationStatuses)[number];

const detector = eld.newInstance();
// Addresses and order numbers are no language, and look like one.
detector.enableTextCleanup(true);

/** Languages as one is called by some and another by others: the detector says Norwegian, engines say Bokmål. */
const sameAs: Record<string, string> = { no: 'nb' };

/** The language of a text, told on this machine and never changed later; null when unsure, as of a short text. */
export function detectLanguage(text: string): string | null {
  const result = detector.detect(text);
  return result.isReliable() ? result.language : null;
}

/** Whether there is anything in a text that could be in another language: not in numbers, nor in emoji. */
export const hasWords = (text: string) => /\p{L}/u.test(text);

/** A language tag as BCP 47 writes it ("pt-br" is "pt-BR"); null for what is none. */
export function canonicalLanguage(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null;
  } catch {
    return null;
  }
}

/** Whether somebody who reads one reads the other: regions and scripts of one language need no translation. */
export const isSameLanguage = (one: string, other: string) => baseOf(one) === baseOf(other);

/** Of these languages the one that is meant by `wanted`, in its own region and script if it is there; else null. */
export function closestLanguage(wanted: string, offered: readonly string[]): string | null {
  const likely = (tag: string) => new Intl.Locale(tag).maximize();
  const { script } = likely(wanted);
  const nearness = [
    (tag: string) => tag === wanted,
    (tag: string) => likely(tag).toString() === likely(wanted).toString(),
    (tag: string) => likely(tag).script === script,
    () => true,
  ];
  const same = offered.filter((tag) => isSameLanguage(tag, wanted));
  return nearness.map((isNear) => same.find(isNear)).find((tag) => tag !== undefined) ?? null;
}

function baseOf(tag: string): string {
  const { language } = new Intl.Locale(tag);
  return sameAs[language] ?? language;
}
