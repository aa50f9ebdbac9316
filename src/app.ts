import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import sql from 'sql-template-tag';
import type { Files } from './actions/files/Files.js';
import { thumbnailKey } from './actions/files/Files.js';
import { receiveUpload } from './actions/files/receiveUpload.js';
import { unsubscribeFromMail } from './actions/notifications/unsubscribeFromMail.js';
import type { World } from './actions/World.js';
import type { AiModel } from './adapters/AiModel.js';
import { ArticleModel } from './adapters/ArticleModel.js';
import type { FileStore } from './adapters/FileStore.js';
import { inspectFile } from './adapters/inspectFile.js';
import { LocalFileStore } from './adapters/LocalFileStore.js';
import type { Mailer } from './adapters/Mailer.js';
import { S3FileStore } from './adapters/S3FileStore.js';
import { SmtpMailer } from './adapters/SmtpMailer.js';
import { openEngine } from './adapters/translation/openEngine.js';
import { WebPush } from './adapters/WebPush.js';
import { FileLinks } from './auth/FileLinks.js';
import { Principals } from './auth/Principals.js';
import { mayEver } from './auth/roles.js';
import { signingSecret, Tokens } from './auth/Tokens.js';
import { type Clock, systemClock } from './clock.js';
import type { Config } from './config.js';
import { Database } from './database/Database.js';
import { demoState, fillDemo } from './demo/fillDemo.js';
import { demoPeople } from './demo/people.js';
import { rateLimited } from './errors.js';
import { type IdSource, randomIds } from './ids.js';
import { followNotifications } from './jobs/run/followNotifications.js';
import { followTurns } from './jobs/run/followTurns.js';
import { migrateJobs, runJobs } from './jobs/run/JobRunner.js';
import { LogFollower } from './jobs/run/LogFollower.js';
import { Links } from './links.js';
import { PostgresBells } from './live/PostgresBells.js';
import { Presence } from './live/Presence.js';
import { Streams } from './live/Streams.js';
import { Watches } from './live/Watches.js';
import { bestArticle } from './reads/articles.js';
import { downloadable, expectedBytes } from './reads/attachments.js';
import { hasMailWaited } from './reads/notices.js';
import { transcript } from './reads/transcript.js';
import { Translations } from './reads/translations.js';
import { buildSchema } from './resolvers/buildSchema.js';
import { Context, type Parts } from './resolvers/Context.js';
import { serveConversationPage } from './server/conversationPage.js';
import { serveDemoPeople } from './server/demoPeople.js';
import { type FileDoor, serveFiles } from './server/files.js';
import { graphiqlPage } from './server/graphiql.js';
import { type Health, serveHealth } from './server/health.js';
import { createHttp, serveGraphql } from './server/http.js';
import { Pipeline } from './server/pipeline.js';
import { serveSocket } from './server/socket.js';
import { unsubscribePage } from './server/unsubscribe.js';

export interface AppOptions {
  config: Config;
  log: Logger;
  databaseUrl: string;
  clock?: Clock;
  ids?: IdSource;
  /** who composes the answers of the AI agents that Parley runs; the help articles by default */
  modelOf?: (workspaceId: string) => AiModel;
  /** how long a reader waits for a translation, and how long an engine that failed is left alone */
  translation?: { readerMs?: number; pauseMs?: number };
  /** how often an open socket is asked whether somebody is there */
  keepAliveMs?: number;
}

export interface App {
  /** where it listens, as http://host:port */
  url: string;
  world: World;
  tokens: Tokens;
  fileLinks: FileLinks;
  /** whether the demo's people are in the database and may be picked */
  isDemo: boolean;
  /** Readiness off, sockets told to come back elsewhere, requests finished, jobs handed back, the database closed. */
  close(): Promise<void>;
}

const demoTokenSeconds = 12 * 3600;
const drainMs = 6_000;
const mailPatienceSeconds = 300;

/** Puts the parts together and listens. The same function serves the command line and the tests. */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, log, databaseUrl, clock = systemClock } = options;
  const database = await Database.connect({
    url: databaseUrl,
    poolSize: config.DATABASE_POOL_SIZE,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    log: (message) => log.debug(message),
  });
  await prepareDatabase(database, log);
  const isDemo = await prepareDemo(database, config, log);

  const bells = new PostgresBells(databaseUrl, database.pool, log);
  await bells.open();
  const world: World = { database, clock, ids: options.ids ?? randomIds(clock), bells };
  const secret = await signingSecret(database, config.AUTH_SECRET);
  const tokens = new Tokens(secret, clock, identityProvider(config));
  const principals = new Principals(database, tokens, clock);
  bells.hear((ring) => {
    if (ring.about === 'standing') principals.forget(ring.actorId);
  });
  const watches = new Watches(bells, database, log);
  const streams = new Streams(database, watches, principals, clock, log);
  const presence = new Presence(database, clock, log);
  const http = await createHttp(config, log);
  const ownUrl = () => urlOf(config.HOST, (http.server.address() as AddressInfo | null)?.port ?? config.PORT);
  const links = new Links(config, ownUrl);
  const mailer = config.SMTP_URL ? new SmtpMailer(config.SMTP_URL, config.MAIL_FROM!) : null;
  const push = webPushOf(config);
  const files: Files = { store: fileStore(config), inspect: inspectFile };
  const fileLinks = new FileLinks(secret, clock, () => config.PUBLIC_URL?.replace(/\/+$/, '') ?? ownUrl());
  const engine = openTranslationEngine(options);
  const translations = new Translations(database, engine, clock, log);
  const parts: Parts = {
    world,
    tokens,
    principals,
    streams,
    links,
    translations,
    files,
    fileLinks,
    pushPublicKey: push?.publicKey ?? null,
    countSignIn: signInCounter(config),
  };

  const pipeline = new Pipeline(buildSchema(), config, clock, log);
  const core = {
    principals,
    presence,
    contextOf: (viewer: Context['viewer'], requestId: string) => new Context(parts, viewer, requestId),
    onStandingChange: (listener: (actorId: string) => void) =>
      bells.hear((ring) => {
        if (ring.about === 'standing') listener(ring.actorId);
      }),
  };
  const health: Health = {
    draining: false,
    reachesDatabase: () => database.read(sql`select 1`).then(...settled),
    hearsBells: () => bells.isListening,
    mail: () => mailHealth(database, mailer),
  };
  // A connection that was busy when the server began to close would be kept for a next request, and the server with it.
  http.addHook('onSend', async (_, reply) => {
    if (health.draining) void reply.header('connection', 'close');
  });
  const apollo = await serveGraphql(http, core, pipeline, config);
  serveHealth(http, health);
  serveFiles(http, fileDoor(parts));
  if (config.graphiql) await http.register(graphiqlPage);
  serveConversationPage(http, config.graphiql);
  await http.register(
    unsubscribePage({
      verify: (token) => tokens.verifyUnsubscribe(token),
      unsubscribe: ({ agentId, kind }) => unsubscribeFromMail(world, agentId, kind),
    }),
  );
  const publicHost = config.PUBLIC_URL ? new URL(config.PUBLIC_URL).host : null;
  if (isDemo) serveDemoPeople(http, publicHost, demoPeople, (actorId) => tokens.issue(actorId, demoTokenSeconds));
  const socket = serveSocket(http.server, core, pipeline, config, log, options.keepAliveMs);

  const followers = [followTurns, followNotifications({ mail: mailer !== null, push: push !== null })].map(
    (followed) => new LogFollower(database, bells, log, followed),
  );
  const articles = (workspaceId: string) =>
    new ArticleModel((question) => bestArticle(database, workspaceId, question));
  const jobs = await runJobs(world, files, options.modelOf ?? articles, { mailer, push, links, tokens, log }, log);

  const close = async () => {
    health.draining = true;
    // What is not answered by then is a request that its client never ends.
    const impatience = setTimeout(() => http.server.closeAllConnections(), drainMs);
    await Promise.all([socket.close(), apollo.stop()]);
    clearTimeout(impatience);
    await presence.close();
    await Promise.all(followers.map((follower) => follower.close()));
    await jobs.stop();
    mailer?.close();
    await translations.close();
    watches.close();
    await bells.close();
    await database.close();
  };
  try {
    await http.listen({ host: config.HOST, port: config.PORT });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: ownUrl(),
    world,
    tokens,
    fileLinks,
    isDemo,
    close,
  };
}

/** Tables of Parley and of the job queue. Nodes that start at once wait for one another. */
export async function prepareDatabase(database: Database, log: Logger): Promise<void> {
  await database.migrate();
  await migrateJobs(database.url, log);
}

const settled = [() => true, () => false] as const;

async function prepareDemo(database: Database, config: Config, log: Logger): Promise<boolean> {
  if (config.production || config.DEMO === false) return false;
  const state = await demoState(database);
  if (state === 'own') {
    if (config.DEMO) log.warn('DEMO is on, but the database holds workspaces of your own: the demo stays out of it');
    return false;
  }
  if (state !== 'filled') await fillDemo(database);
  return true;
}

const openTranslationEngine = ({ config, log, translation }: AppOptions) =>
  config.translation && openEngine(config.translation, { ...translation, log: (message) => log.warn(message) });

const identityProvider = ({ AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE }: Config) =>
  AUTH_JWKS_URL ? { jwksUrl: AUTH_JWKS_URL, issuer: AUTH_ISSUER!, audience: AUTH_AUDIENCE! } : null;

const webPushOf = (config: Config) =>
  config.VAPID_PUBLIC_KEY
    ? new WebPush(
        {
          publicKey: config.VAPID_PUBLIC_KEY,
          privateKey: config.VAPID_PRIVATE_KEY!,
          subject: config.VAPID_SUBJECT!,
        },
        config.ALLOW_PRIVATE_ADDRESSES,
      )
    : null;

async function mailHealth(database: Database, mailer: Mailer | null): Promise<'ok' | 'degraded' | 'off'> {
  if (mailer === null) return 'off';
  return mailer.isFailing || (await hasMailWaited(database, mailPatienceSeconds)) ? 'degraded' : 'ok';
}

const fileStore = ({ FILE_STORE, DATA_DIR }: Config): FileStore =>
  FILE_STORE && 'bucket' in FILE_STORE
    ? new S3FileStore(FILE_STORE)
    : new LocalFileStore(FILE_STORE?.folder ?? join(DATA_DIR, 'files'));

const redirectSeconds = 60;

/** What the door for files does: who holds a link is looked up, and whether they may see the file now. */
function fileDoor({ world, principals, files, fileLinks }: Parts): FileDoor {
  const { database, clock } = world;
  return {
    async open(token) {
      const link = fileLinks.openDownload(token);
      const viewer = link && (await principals.holder(link.holderId));
      const file = viewer && (await downloadable(database, viewer, link.attachmentId));
      const isThumbnail = link?.variant === 'thumbnail';
      if (!file || (isThumbnail && file.imageWidth === null)) return null;
      const key = isThumbnail ? thumbnailKey(file.id) : file.id;
      const contentType = isThumbnail ? 'image/webp' : file.contentType;
      const { direct } = files.store;
      const at = direct
        ? {
            url: (disposition: string) =>
              direct.downloadUrl(key, { contentType, disposition, seconds: redirectSeconds }),
          }
        : await files.store.asFile(key, async (path) => ({ folder: dirname(path), name: basename(path) }));
      return { fileName: file.fileName, contentType, byteSize: file.byteSize, isThumbnail, at };
    },
    async transcript(token) {
      const link = fileLinks.openTranscript(token);
      const viewer = link && (await principals.holder(link.holderId));
      if (!viewer || (link.audience === 'TEAM' && !mayEver(viewer, 'readTeamEntries'))) return null;
      const text = await transcript(database, viewer, clock.now(), link);
      const [extension, contentType] = link.format === 'TEXT' ? ['txt', 'text/plain'] : ['json', 'application/json'];
      return text && { fileName: `${link.conversationId}.${extension}`, contentType, text };
    },
    async expected(token) {
      const id = fileLinks.openUpload(token);
      return id === null ? null : expectedBytes(database, id, clock.now());
    },
    receive: (token, body) => receiveUpload(world, files, fileLinks.openUpload(token)!, body),
  };
}

/** Every attempt counts, also many in one document. */
function signInCounter({ SIGN_IN_ATTEMPTS_PER_MINUTE }: Config): (email: string) => Promise<void> {
  const limiter = new RateLimiterMemory({ points: SIGN_IN_ATTEMPTS_PER_MINUTE, duration: 60 });
  return async (email) => {
    try {
      await limiter.consume(email.trim().toLowerCase().slice(0, 254));
    } catch (refusal) {
      throw rateLimited(Math.ceil((refusal as RateLimiterRes).msBeforeNext / 1000));
    }
  };
}

const urlOf = (host: string, port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
