#!/usr/bin/env node
import { Command } from 'commander';
import { pino } from 'pino';
import sql from 'sql-template-tag';
import { addAgent } from './actions/createAgent.js';
import { createApiKey } from './actions/createApiKey.js';
import { createWorkspace } from './actions/createWorkspace.js';
import { oneTimePassword } from './actions/passwords.js';
import { prepareDatabase } from './app.js';
import { signingSecret, Tokens } from './auth/Tokens.js';
import { systemClock } from './clock.js';
import { readConfig } from './config.js';
import { Database } from './database/Database.js';
import { runningEmbeddedUrl, startEmbeddedPostgres } from './database/embedded/EmbeddedPostgres.js';
import { seedLoad } from './demo/seedLoad.js';
import { type AgentRole, agentRoles } from './entities/Actor.js';
import { operatorMessage } from './errors.js';
import { randomIds } from './ids.js';
import { printSchema } from './resolvers/printSchema.js';

const log = pino({ level: 'warn' }, pino.destination(2));
const tokenSeconds = 12 * 3600;
const made = { ids: randomIds(systemClock), clock: systemClock };

/** Works on the database that a running server uses, without disturbing it; or starts the embedded one for the while. */
async function withDatabase<T>(work: (database: Database) => Promise<T>, mayStart = true): Promise<T> {
  const config = readConfig(process.env);
  const runningUrl = config.DATABASE_URL ?? (await runningEmbeddedUrl(config.DATA_DIR));
  if (runningUrl === null && !mayStart) throw new Error('No server is running on this DATA_DIR: start one first.');
  const embedded = runningUrl === null ? await startEmbeddedPostgres(config.DATA_DIR, log) : null;
  try {
    const database = await Database.connect({
      url: runningUrl ?? embedded!.url,
      poolSize: 4,
      statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    });
    try {
      if (mayStart) await prepareDatabase(database, log);
      return await work(database);
    } finally {
      await database.close();
    }
  } finally {
    await embedded?.stop();
  }
}

function notInProduction(why: string): void {
  if (readConfig(process.env).production) throw new Error(`Not in production: ${why}.`);
}

async function tokenFor(database: Database, handle: string): Promise<string> {
  const config = readConfig(process.env);
  const found = await database.read<{ id: string }>(sql`
    select a.id from actors a
    where a.active and (lower(a.email) = lower(${handle}) and a.kind in ('AGENT', 'CUSTOMER') or a.handle = ${handle})`);
  if (found.length === 0) throw new Error(`Nobody here is called ${handle}.`);
  if (found.length > 1) throw new Error(`${handle} is in several workspaces.`);
  const tokens = new Tokens(await signingSecret(database, config.AUTH_SECRET), systemClock, null);
  return (await tokens.issue(found[0]!.id, tokenSeconds)).token;
}

const positive = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${text} is not a positive whole number.`);
  return value;
};

const role = (text: string): AgentRole => {
  const known = agentRoles.find((name) => name === text);
  if (!known) throw new Error(`A role is one of ${agentRoles.join(', ')}.`);
  return known;
};

async function workspaceNamed(database: Database, name: string): Promise<string> {
  const found = await database.read<{ id: string }>(sql`
    select w.id from workspaces w where w.id = ${name} or w.name = ${name}`);
  if (found.length !== 1) throw new Error(`There is ${found.length === 0 ? 'no' : 'more than one'} workspace ${name}.`);
  return found[0]!.id;
}

const program = new Command('parley').description('The conversation server.');

program
  .command('start')
  .description('starts the server; its settings are environment variables')
  .action(async () => void (await import('./main.js')));

program
  .command('migrate')
  .description('brings the database up to date; starting does it, too')
  .action(() => withDatabase(async () => console.log('The database is up to date.')));

program
  .command('schema')
  .description('prints the GraphQL schema')
  .action(() => void process.stdout.write(printSchema()));

program
  .command('token <handle>')
  .description('prints a token for an agent or customer (by e-mail), a bot or an integration (by handle)')
  .action(async (handle: string) => {
    notInProduction('sign in, or use an API key');
    await withDatabase(async (database) => console.log(await tokenFor(database, handle)), false);
  });

program
  .command('seed')
  .description('fills the database with a load for measuring')
  .option('--conversations <n>', 'how many', positive, 10_000)
  .option('--messages <n>', 'how many in all', positive, 400_000)
  .action(async (load: { conversations: number; messages: number }) => {
    notInProduction('it would bring the demo and its passwords');
    await withDatabase((database) => seedLoad(database, load));
  });

program
  .command('workspace')
  .description('workspaces')
  .command('create <name>')
  .description('makes a workspace and prints its id')
  .action((name: string) =>
    withDatabase(async ({ orm }) => {
      const workspace = await orm.em.fork().transactional((em) => createWorkspace(made, em, name));
      console.log(workspace.id);
    }),
  );

program
  .command('agent')
  .description('human agents')
  .command('create')
  .description('adds an agent and prints a one-time password')
  .requiredOption('--workspace <name>', 'name or id of the workspace')
  .requiredOption('--email <email>', 'what they sign in with')
  .option('--name <name>', 'the name to show; by default what stands before the @')
  .option('--role <role>', agentRoles.join(' or '), role, 'AGENT')
  .action((agent: { workspace: string; email: string; name?: string; role: AgentRole }) =>
    withDatabase(async (database) => {
      const workspaceId = await workspaceNamed(database, agent.workspace);
      const password = oneTimePassword();
      const displayName = agent.name ?? agent.email.split('@')[0]!;
      await database.orm.em
        .fork()
        .transactional((em) =>
          addAgent(made, em, workspaceId, { email: agent.email, role: agent.role, displayName }, password),
        );
      console.log(password);
    }),
  );

program
  .command('key')
  .description('API keys')
  .command('create')
  .description('makes an API key for a bot or an integration and prints it, this once')
  .requiredOption('--workspace <name>', 'name or id of the workspace')
  .requiredOption('--handle <handle>', 'of the bot or the integration')
  .action(({ workspace, handle }: { workspace: string; handle: string }) =>
    withDatabase(async (database) => {
      const workspaceId = await workspaceNamed(database, workspace);
      console.log(await database.orm.em.fork().transactional((em) => createApiKey(made, em, workspaceId, handle)));
    }),
  );

try {
  await program.parseAsync();
} catch (error) {
  console.error(operatorMessage(error as Error));
  process.exitCode = 1;
}
