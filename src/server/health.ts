import type { FastifyInstance } from 'fastify';

export interface Health {
  draining: boolean;
  reachesDatabase(): Promise<boolean>;
  hearsBells(): boolean;
  /** off: none is configured; degraded: the last try failed, or one has been waiting for minutes */
  mail(): Promise<'ok' | 'degraded' | 'off'>;
}

/** Whether the process lives, and whether it should be sent requests: no while it stops or cannot reach its database. */
export function serveHealth(app: FastifyInstance, health: Health): void {
  app.get('/health/live', async () => ({ status: 'ok' }));
  app.get('/health/ready', async (_, reply) => {
    const reachable = await health.reachesDatabase();
    const ready = reachable && !health.draining;
    // Without its bells a node still delivers, by the sweep: that is worth an operator's look, not fewer requests.
    const bells = health.hearsBells() ? 'ok' : 'degraded';
    return reply.code(ready ? 200 : 503).send({
      status: health.draining ? 'draining' : ready ? 'ok' : 'unavailable',
      database: reachable ? 'ok' : 'unreachable',
      bells,
      // A mail server that is down delays mails, and no request.
      mail: await health.mail().catch(() => 'degraded'),
    });
  });
}
