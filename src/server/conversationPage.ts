import type { FastifyInstance } from 'fastify';
import { html } from '../html.js';
import { sendPage } from './page.js';

/**
 * Where a conversation's link leads while no frontend is configured: into GraphiQL, where that is served, else to a page
 * that says so. It knows no conversations, so it cannot tell which exist.
 */
export function serveConversationPage(app: FastifyInstance, hasGraphiql: boolean): void {
  app.get<{ Params: { id: string } }>('/conversations/:id', async ({ params: { id } }, reply) => {
    if (hasGraphiql) return reply.redirect(`/?${new URLSearchParams({ conversation: id })}`);
    return sendPage(
      reply,
      200,
      'A conversation in Parley',
      html`<p>This link is to the conversation <code>${id}</code>. Open it in the application in which you answer customers.</p>
<p>If you run this server: <code>CONVERSATION_URL</code> makes such links open your own frontend.</p>`,
    );
  });
}
