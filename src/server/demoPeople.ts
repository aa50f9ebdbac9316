import type { FastifyInstance } from 'fastify';

interface DemoPerson {
  id: string;
  handle: string;
  displayName: string;
  role: string;
  workspace: string;
}

const ownHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * The people of the demo with a token each, for GraphiQL's menu. Only ever served in demo mode, and only under this
 * machine's own name or `publicHost`: a page that had its own name point here could otherwise read the tokens.
 */
export function serveDemoPeople(
  app: FastifyInstance,
  publicHost: string | null,
  people: readonly DemoPerson[],
  issue: (actorId: string) => Promise<{ token: string }>,
): void {
  app.get('/demo/people', async ({ host }, reply) => {
    if (!ownHost.test(host) && host !== publicHost) return reply.callNotFound();
    const withTokens = people.map(async ({ id, handle, displayName, role, workspace }) => {
      const { token } = await issue(id);
      return { handle, displayName, role, workspace, token };
    });
    return reply.header('cache-control', 'no-store').send({ people: await Promise.all(withTokens) });
  });
}
