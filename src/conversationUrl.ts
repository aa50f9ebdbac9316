import type { Config } from './config.js';

const place = '{id}';
/** Stands for an id while a form is read as a URL: of characters that no part of a URL changes. */
const placeholder = 'conversation-id';

/** The forms of a link to a conversation, `{id}` standing for its id. The first is the one that is given out. */
export function conversationForms(
  { CONVERSATION_URL, PUBLIC_URL }: Pick<Config, 'CONVERSATION_URL' | 'PUBLIC_URL'>,
  /** where this node listens: all that is known without PUBLIC_URL */
  ownUrl: string,
): string[] {
  const own = `${(PUBLIC_URL ?? ownUrl).replace(/\/+$/, '')}/conversations/${place}`;
  return CONVERSATION_URL === undefined ? [own] : [CONVERSATION_URL, own];
}

/** Where colleagues open a conversation. */
export const conversationUrl = ([form]: readonly string[], id: string) =>
  form!.replaceAll(place, encodeURIComponent(id));

/** A ticket has no page of its own: it is a place on its conversation's. */
export const ticketUrl = (forms: readonly string[], conversationId: string, number: number) =>
  `${conversationUrl(forms, conversationId)}#ticket-${number}`;

/** What stands for the id in a URL of one of these forms; null for any other. Query, fragment and trailing slash do not
 * count, unless the form has its id there. */
export function conversationIdIn(url: URL, forms: readonly string[]): string | null {
  for (const form of forms) {
    const counts = { query: standsAfter('?', form), fragment: standsAfter('#', form) };
    const [expected, given] = [new URL(form.replaceAll(place, placeholder)), url].map((one) => essence(one, counts));
    const [id] = /^\w+/.exec(given!.slice(expected!.indexOf(placeholder))) ?? [];
    if (id !== undefined && expected!.replaceAll(placeholder, id) === given) return id;
  }
  return null;
}

const standsAfter = (sign: '?' | '#', form: string) => form.includes(sign) && form.indexOf(place) > form.indexOf(sign);

function essence({ origin, pathname, search, hash }: URL, counts: { query: boolean; fragment: boolean }): string {
  const path = `${origin}${pathname.replace(/\/+$/, '')}`;
  return `${path}${counts.query && !counts.fragment ? search : ''}${counts.fragment ? hash : ''}`;
}
