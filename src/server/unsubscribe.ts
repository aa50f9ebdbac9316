import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { UnsubscribeClaim } from '../auth/Tokens.js';
import { html } from '../html.js';
import { sendPage } from './page.js';

/** What the page is handed of the rooms behind it. */
export interface Unsubscribing {
  verify(token: string): Promise<UnsubscribeClaim | null>;
  unsubscribe(claim: UnsubscribeClaim): Promise<void>;
}

const url = '/notifications/unsubscribe';
const bodyLimit = 4096;

/**
 * The link of every mail. Looking at it asks, since scanners look at every link; a POST does it, by the page's button or
 * by a mail program (RFC 8058). No login: the token says whose and of which kind.
 */
export const unsubscribePage =
  ({ verify, unsubscribe }: Unsubscribing): FastifyPluginAsync =>
  async (app) => {
    // Mail programs send a form, by one of two types. Nothing in it matters.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, _body, done) => done(null));
    const claimed = (query: unknown) => {
      const { token } = query as { token?: unknown };
      return typeof token === 'string' ? verify(token) : null;
    };
    app.get(url, async ({ query }, reply) => {
      const claim = await claimed(query);
      if (claim === null) return badLink(reply);
      return sendPage(
        reply,
        200,
        'No more of these mails?',
        html`<p>You will get no more mails of the kind “${words(claim.kind)}”. Other ways of being told stay as they are.</p>
<form method="post"><button>Send me no more of these</button></form>`,
      );
    });
    app.post(url, async ({ query }, reply) => {
      const claim = await claimed(query);
      if (claim === null) return badLink(reply);
      await unsubscribe(claim);
      return sendPage(
        reply,
        200,
        'Done',
        html`<p>You will get no more mails of the kind “${words(claim.kind)}”. Your settings in Parley turn them on again.</p>`,
      );
    });
  };

const badLink = (reply: FastifyReply) =>
  sendPage(
    reply,
    400,
    'This link does not work',
    html`<p>It is not complete, or too old. Your settings in Parley say which mails you get.</p>`,
  );

const words = (kind: string) => kind.toLowerCase().replaceAll('_', ' ');
