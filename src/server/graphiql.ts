import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

// Two levels below the project in `src` and in `dist` alike.
const BUILT_PAGE = fileURLToPath(new URL('../../dist/graphiql', import.meta.url));
const NOT_BUILT = 'GraphiQL is not built yet: run "npm run build".';

/**
 * The page runs nothing and talks to nothing that does not come from here, nobody may frame it. Styles are the
 * exception: Monaco, the editor in it, places every line of text with a style attribute and writes its colours into
 * style elements, without a nonce. With no other origin to load from, a style can carry nothing away.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Serves GraphiQL at `/`, as `npm run build` made it. Without that, `/` answers 503 and says what to run. */
export const graphiqlPage: FastifyPluginAsync = async (app) => {
  if (!existsSync(BUILT_PAGE)) {
    app.log.warn(NOT_BUILT);
    app.get('/', (_request, reply) => reply.code(503).type('text/plain').send(`${NOT_BUILT}\n`));
    return;
  }
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });
  await app.register(fastifyStatic, {
    root: BUILT_PAGE,
    // A route for each file, so that an unknown path stays the server's own 404.
    wildcard: false,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const hashed = basename(path) !== 'index.html';
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
};
