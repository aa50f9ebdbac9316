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
    return { errors: errorsOf(error), timelineEdge: null, timelineEdges: [] };
  }
}

/** A refusal as a payload's `errors`. As plain data: GraphQL takes an Error in a list for one that was thrown. */
export const errorsOf = ({ code, message, path, details }: Refusal) => [{ code, message, path, ...details }];

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
