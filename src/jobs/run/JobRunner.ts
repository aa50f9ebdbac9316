import {
  type JobHelpers,
  Logger as JobLogger,
  parseCronItems,
  run,
  runMigrations,
  type TaskList,
} from 'graphile-worker';
import type { Logger } from 'pino';
import { expireAiTurn } from '../../actions/expireAiTurn.js';
import type { Files } from '../../actions/files/Files.js';
import { forgetUploads } from '../../actions/files/forgetUploads.js';
import { releaseAgent } from '../../actions/releaseAgent.js';
import { finalizeResolved, resolveIdle } from '../../actions/timers.js';
import { expireTransfer } from '../../actions/transfers/expireTransfer.js';
import type { World } from '../../actions/World.js';
import type { AiModel } from '../../adapters/AiModel.js';
import type { Jobs } from '../jobs.js';
import { answerAiTurn } from './answerAiTurn.js';
import type { Deliveries } from './Deliveries.js';
import { findDue } from './findDue.js';
import { findLostOffers, takeBackJobs } from './findLost.js';
import { forgetOld } from './forgetOld.js';
import { sendMail } from './sendMail.js';
import { sendPush } from './sendPush.js';

const concurrency = 4;

type Handlers = { [Name in keyof Jobs]: (payload: Jobs[Name], helpers: JobHelpers) => Promise<unknown> };

/** Tables of the job queue. Nodes that start at once wait for one another in graphile-worker's own lock. */
export const migrateJobs = (connectionString: string, log: Logger) =>
  runMigrations({ connectionString, logger: jobLogger(log) });

/** Runs jobs until it is stopped; what it had begun is finished, what it cannot finish is handed back. */
export async function runJobs(
  world: World,
  files: Files,
  modelOf: (workspaceId: string) => AiModel,
  deliveries: Deliveries,
  log: Logger,
): Promise<{ stop(): Promise<void> }> {
  const { database, clock } = world;
  const handlers: Handlers = {
    'expire-ai-turn': (job) => expireAiTurn(world, job),
    'answer-ai-turn': (job) => answerAiTurn(world, modelOf, job),
    'resolve-idle': (job) => resolveIdle(world, job),
    'finalize-resolved': (job) => finalizeResolved(world, job),
    'expire-transfer': (job) => expireTransfer(world, job),
    'release-agent': (job) => releaseAgent(world, job),
    'send-mail': (job, { abortSignal }) => sendMail(world, deliveries, job, abortSignal),
    'send-push': (job, { abortSignal }) => sendPush(world, deliveries, job, abortSignal),
    'find-due': () => findDue(database, clock),
    'find-lost': async () => {
      await takeBackJobs(database);
      await findLostOffers(database, clock);
    },
    'forget-old': async () => {
      await forgetOld(database, clock);
      await forgetUploads(world, files);
    },
  };
  // A pool of the runner's own making loses its listeners while its connections are still closing: a PostgreSQL that
  // stops right then would be an uncaught exception.
  const pool = database.openPool(concurrency + 2, 'parley-jobs', ({ message }) =>
    log.warn({ error: message }, 'jobs: connection lost'),
  );
  const runner = await run({
    pgPool: pool,
    concurrency,
    pollInterval: 1000,
    noHandleSignals: true,
    taskList: handlers as unknown as TaskList,
    parsedCronItems: parseCronItems([
      { task: 'find-due', match: '* * * * *' },
      { task: 'find-lost', match: '* * * * *' },
      { task: 'forget-old', match: '7 * * * *' },
    ]),
    logger: jobLogger(log),
  });
  return {
    async stop() {
      await runner.stop();
      await pool.end();
    },
  };
}

const jobLogger = (log: Logger) =>
  new JobLogger((scope) => (level, message, meta) => {
    const write = level === 'error' || level === 'warning' ? (level === 'error' ? log.error : log.warn) : log.debug;
    const cause = (meta as { error?: Error } | undefined)?.error;
    write.call(log, { job: scope.taskIdentifier, ...(cause && { error: cause.message }) }, message);
  });
