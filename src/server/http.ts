import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import cors from '@fastify/cors';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import type { Viewer } from '../auth/Viewer.js';
import type { Config } from '../config.js';
import { timedOut, unauthenticated } from '../errors.js';
import { bearerToken } from './bearerToken.js';
import type { Core, OperationContext } from './Core.js';
import { isOriginAllowed } from './origins.js';
import type { Pipeline } from './pipeline.js';

/** The HTTP door, without its routes: request ids, limits, what a page of another origin may do. */
export async function createHttp(config: Config, log: Logger): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: config.MAX_REQUEST_BYTES,
    trustProxy: config.TRUST_PROXY ?? false,
    connectionTimeout: 0,
    // Node knows one time for every request's body; an upload may take longer than a question. `boundBody` tells them apart.
    requestTimeout: 0,
    handlerTimeout: config.REQUEST_TIMEOUT_MS,
    // The token of a file's URL is longer than most ids.
    routerOptions: { maxParamLength: 300 },
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // How often Node looks for connections that take too long: left to itself, every thirty seconds.
    http: { connectionsCheckingInterval: 1000 },
  });
  app.server.headersTimeout = config.REQUEST_TIMEOUT_MS;
  app.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.config.boundsBody) boundBody(request.raw, config.REQUEST_TIMEOUT_MS);
    void reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    request.log.debug({ method, route: routeOptions.url, status: reply.statusCode, ms: reply.elapsedTime }, 'request');
  });
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && isOriginAllowed(config, origin)),
    methods: ['GET', 'HEAD', 'POST', 'PUT'],
    allowedHeaders: ['authorization', 'content-type', 'apollo-require-preflight'],
    maxAge: 600,
  });
  app.setErrorHandler<Error & { statusCode?: number; code?: string }>((error, request, reply) => {
    if (error.code === 'FST_ERR_HANDLER_TIMEOUT' && !request.raw.complete) {
      const message = 'The request took too long to arrive.';
      return reply
        .code(408)
        .header('connection', 'close')
        .send({ errors: [{ message, extensions: { code: 'BAD_REQUEST', requestId: request.id } }] });
    }
    if (error.code === 'FST_ERR_HANDLER_TIMEOUT') {
      const { message, extensions } = timedOut();
      return reply
        .code(503)
        .send({ errors: [{ message, extensions: { code: extensions.code, requestId: request.id } }] });
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ error: { message: error.message, stack: error.stack } }, 'a request failed');
    const message = status >= 500 ? 'Something went wrong on our side.' : error.message;
    const code = status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST';
    return reply.code(status).send({ errors: [{ message, extensions: { code, requestId: request.id } }] });
  });
  app.setNotFoundHandler((_, reply) =>
    reply.code(404).send({ errors: [{ message: 'There is nothing here.', extensions: { code: 'NOT_FOUND' } }] }),
  );
  return app;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** the route says itself how long its body may take */
    boundsBody?: true;
  }
}

/** Ends the connection of a request whose body has not come by then. */
export function boundBody(raw: IncomingMessage, ms: number): void {
  const timer = setTimeout(() => {
    if (!raw.complete) raw.socket.destroy();
  }, ms);
  raw.once('close', () => clearTimeout(timer));
}

/** Queries and mutations at /graphql. Subscriptions never run here: as a query one would pass its own authorisation. */
export async function serveGraphql(
  app: FastifyInstance,
  core: Core,
  pipeline: Pipeline,
  config: Config,
): Promise<ApolloServer<HttpContext>> {
  const server = new ApolloServer<HttpContext>({
    schema: pipeline.schema,
    introspection: !config.production,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: config.production,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    // Anybody could fill a store of queries.
    persistedQueries: false,
    stopOnTerminationSignals: false,
    validationRules: pipeline.validationRules,
    parseOptions: pipeline.parseOptions,
    validationOptions: { maxErrors: config.MAX_ERRORS },
    executionOptions: { maxCoercionErrors: config.MAX_ERRORS },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      admission(pipeline, config),
    ],
    logger: app.log as never,
  });
  await mountApollo(app, server, (request) => contextOf(request, core, pipeline));
  return server;
}

/** Starts this Apollo server and puts it at /graphql. When it is stopped, the app closes and answers what it has begun. */
export async function mountApollo<Context extends BaseContext>(
  app: FastifyInstance,
  server: ApolloServer<Context>,
  context: (request: FastifyRequest) => Promise<Context>,
): Promise<void> {
  server.addPlugin(fastifyApolloDrainPlugin(app));
  await server.start();
  app.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: '/graphql',
    handler: fastifyApolloHandler(server, { context }),
  });
}

type HttpContext = BaseContext & OperationContext & { address: string };

async function contextOf(request: FastifyRequest, core: Core, pipeline: Pipeline): Promise<HttpContext> {
  try {
    const viewer = await viewerOf(request, core);
    return Object.assign(core.contextOf(viewer, request.id), { address: request.ip });
  } catch (error) {
    throw pipeline.maskEarly(error, request.id);
  }
}

async function viewerOf({ headers }: FastifyRequest, { principals }: Core): Promise<Viewer | null> {
  const token = bearerToken(headers.authorization);
  const viewer = token === null ? null : await principals.authenticate(token);
  if (viewer === null && headers.authorization !== undefined) throw unauthenticated();
  return viewer;
}

function admission(pipeline: Pipeline, config: Config): ApolloServerPlugin<HttpContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, operation, operationName, request, contextValue }) => {
        if (operation?.operation === 'subscription') throw onlyBySocket();
        const variables = request.variables ?? {};
        if (operation)
          pipeline.admit({ document, operation, operationName, variables }, contextValue.viewer, contextValue.address);
      },
      willSendResponse: async ({ response, contextValue, errors }) => {
        const { body } = response;
        if (body.kind !== 'single' || !body.singleResult.errors) return;
        const failed = body.singleResult.errors.map((error, index) => ({ error, cause: errors?.[index] ?? error }));
        body.singleResult.errors = failed
          .sort((a, b) => comparePaths(a.error, b.error))
          .slice(0, config.MAX_ERRORS)
          .map(({ error, cause }) => pipeline.mask(error, cause, contextValue.requestId));
      },
    }),
  };
}

/** Fields fail in the order in which the database answers; which of many errors are shown must not depend on it. */
const comparePaths = (a: GraphQLFormattedError, b: GraphQLFormattedError) => {
  const [x, y] = [JSON.stringify(a.path ?? []), JSON.stringify(b.path ?? [])];
  return x < y ? -1 : x > y ? 1 : 0;
};

const onlyBySocket = () =>
  new GraphQLError('Subscriptions go over the socket: ws(s)://…/graphql with graphql-transport-ws.', {
    extensions: { code: 'METHOD_NOT_ALLOWED', http: { status: 405, headers: new Map([['allow', 'GET, POST']]) } },
  });
