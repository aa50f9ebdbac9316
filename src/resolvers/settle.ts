import type { Outcome } from '../actions/once.js';
import { Refusal } from '../errors.js';
import { entryCursor } from '../reads/cursors.js';
import type { EntryRow } from '../reads/rows.js';
import type { Context } from './Context.js';

/**
 * A mutation's payload: what the action did, or its refusal as data. `subject` gives the payload's own fields, read anew
 * and only if they are selected.
 */
export async function settle<Done extends { outcome: Outcome }>(
  context: Context,
  action: () => Promise<Outcome | Done>,
  subject: (outcome: Outcome, done: Outcome | Done) => object,
): Promise<object> {
  try {
    const done = await action();
    context.forgetReads();
    const outcome = 'outcome' in done ? done.outcome : done;
    return Object.defineProperties(
      subject(outcome, done),
      Object.getOwnPropertyDescriptors(appended(context, outcome)),
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, message, path, details } = error;
    return { errors: [{ code, message, path, ...details }], timelineEdge: null, timelineEdges: [] };
  }
}

function appended(context: Context, outcome: Outcome) {
  const edge = (entry: EntryRow) => ({ cursor: entryCursor(context.caller, entry), node: entry });
  return {
    errors: [],
    get timelineEdge() {
      const { entryId } = outcome;
      return entryId && context.loaders.entry.load(entryId).then((entry) => entry && edge(entry));
    },
    get timelineEdges() {
      return Promise.all(outcome.entryIds.map((id) => context.loaders.entry.load(id))).then((entries) =>
        entries.filter((entry) => entry !== null).map(edge),
      );
    },
  };
}

/** The conversation as the subject of a payload. */
export const conversationOf = (context: Context) => (outcome: Outcome) => ({
  get conversation() {
    return context.loaders.conversation.load(outcome.conversationId!);
  },
});
