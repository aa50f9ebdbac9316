import { AsyncLocalStorage } from 'node:async_hooks';
import type * as GraphileWorker from 'graphile-worker';

/** Which conversation a job is about: jobs run at once, and whichever is first must not shift the others' ids. */
export const jobOf = new AsyncLocalStorage<string>();

/** graphile-worker as it is, with each job knowing which conversation it is about. For `vi.mock`. */
export const withJobsKnown = (real: typeof GraphileWorker): typeof GraphileWorker => ({
  ...real,
  run: (options) => {
    const handlers = Object.entries(options.taskList ?? {}).map(([name, handler]): [string, typeof handler] => [
      name,
      (payload, helpers) =>
        jobOf.run(String((payload as { conversationId?: string }).conversationId), () => handler!(payload, helpers)),
    ]);
    return real.run({ ...options, taskList: Object.fromEntries(handlers) as GraphileWorker.TaskList });
  },
});
