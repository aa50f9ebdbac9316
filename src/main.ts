import type { Logger } from 'pino';

const oldestNode = 24;
const stopSeconds = 9;
const crashMs = 250;

// Everything else is imported after this check: an older Node fails in the middle of it, with a stack and no reason.
if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  console.error(
    `Parley needs Node ${oldestNode}, this is ${process.versions.node}. "npm ci" brings it along (not with --ignore-scripts); start with "npm start".`,
  );
  process.exit(1);
}

const { readConfig, ConfigError } = await import('./config.js');
const { createLog } = await import('./server/log.js');
const { startApp } = await import('./app.js');
const { startEmbeddedPostgres } = await import('./database/embedded/EmbeddedPostgres.js');
const { banner } = await import('./demo/banner.js');
const { operatorMessage } = await import('./errors.js');

/** What must be undone, last made first. */
const made: (() => Promise<void>)[] = [];
let stoppingSince: number | null = null;

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config);
  for (const name of config.withoutEffect) log.warn(`${name} is set, and has no effect in this version of Parley`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => onSignal(signal, log));
  // A PostgreSQL that ends by itself reaches whoever is asking it before it reaches us: its end is the reason then.
  process.on('uncaughtException', (error) => {
    setTimeout(() => die(log, `crashed: ${error.stack}`), crashMs);
  });
  let databaseUrl = config.DATABASE_URL;
  if (databaseUrl === undefined) {
    const embedded = await startEmbeddedPostgres(config.DATA_DIR, log);
    made.push(() => embedded.stop());
    void embedded.exited.then((code) => die(log, `PostgreSQL ended by itself (exit code ${code})`));
    databaseUrl = embedded.url;
  }
  if (stoppingSince !== null) return;
  const app = await startApp({ config, log, databaseUrl });
  made.push(() => app.close());
  if (stoppingSince !== null) return;
  console.log(banner(app, config));
}

function onSignal(signal: string, log: Logger): void {
  if (stoppingSince === null) {
    stoppingSince = Date.now();
    void stop(log, signal);
    // npm passes a Ctrl-C on that the terminal has sent to us already: the same one, not a second.
  } else if (Date.now() - stoppingSince > 1000) {
    process.exit(130);
  }
}

async function stop(log: Logger, why: string): Promise<void> {
  log.info(`stopping (${why})`);
  setTimeout(() => die(log, `could not stop within ${stopSeconds} seconds`), stopSeconds * 1000).unref();
  await started;
  for (const undo of made.toReversed()) await undo();
  process.exit(0);
}

function die(log: Logger, why: string): void {
  log.fatal(why);
  process.exit(1);
}

const started = start().catch(async (error: Error) => {
  console.error(
    error instanceof ConfigError ? `Setting ${error.message}` : `Parley cannot start: ${operatorMessage(error)}`,
  );
  for (const undo of made.toReversed()) await undo().catch(() => {});
  process.exit(1);
});
await started;
