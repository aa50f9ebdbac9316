import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { type Html, html } from '../html.js';

const style = `
body { margin: 0; padding: 10vh 24px; background: #f4f5f7; color: #1f2430; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 560px; margin: auto; padding: 24px; background: #fff; border-radius: 8px; overflow-wrap: anywhere }
h1 { margin: 0 0 16px; font-size: 19px }
button { padding: 10px 18px; border: 0; border-radius: 6px; background: #2457d6; color: #fff; font: inherit }
`;

/** The page loads and runs nothing, nobody may frame it, its forms go nowhere else, and no link tells where it was. */
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
};

/** Answers with a small page of Parley's own. */
export function sendPage(reply: FastifyReply, status: number, title: string, body: Html): FastifyReply {
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>
`;
  // A style sheet has nothing to escape, and its hash is of what stands there.
  return reply
    .code(status)
    .headers(headers)
    .send(page.text.replace('</head>', () => `<style>${style}</style></head>`));
}
