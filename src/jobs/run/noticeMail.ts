import { type Html, html } from '../../html.js';
import type { Notice } from '../../reads/notices.js';
import { noticeTexts } from './noticeTexts.js';

const quotedCharacters = 300;

/** The mail of a notice: subject, plain text, and the same as HTML without anything to load. */
export function noticeMail(
  notice: Notice,
  conversationUrl: string,
  unsubscribeUrl: string,
): { subject: string; text: string; html: string } {
  const { title, line } = noticeTexts[notice.kind](notice);
  const quote = notice.quote === null ? null : shortened(notice.quote);
  const why = `You get this because you are an agent of ${notice.workspace} and chose e-mail for notifications of this kind.`;
  const text = [
    `Hello ${notice.agent},`,
    `${title}.`,
    ...(quote === null ? [] : [quote.replace(/^/gm, '> ')]),
    line,
    `Open the conversation:\n${conversationUrl}`,
    `--\n${why}\nNo more of these: ${unsubscribeUrl}`,
  ].join('\n\n');
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1f2430;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px">
<p style="margin:0 0 16px">Hello ${notice.agent},</p>
<h1 style="margin:0 0 16px;font-size:19px">${title}</h1>
${quote === null ? '' : blockquote(quote)}<p style="margin:0 0 24px">${line}</p>
<p style="margin:0 0 24px"><a href="${conversationUrl}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:#2457d6;color:#ffffff;text-decoration:none">Open the conversation</a></p>
<p style="margin:0;font-size:13px;color:#5c6370">${why} <a href="${unsubscribeUrl}" style="color:#5c6370">No more of these</a></p>
</div>
</body>
</html>
`;
  return { subject: title, text: `${text}\n`, html: page.text };
}

const blockquote = (quote: string): Html =>
  html`<blockquote style="margin:0 0 16px;padding:0 0 0 12px;border-left:3px solid #c9cdd6;white-space:pre-line">${quote}</blockquote>
`;

/** In code points, so that no character is cut in two. */
function shortened(text: string): string {
  const characters = [...text];
  return characters.length > quotedCharacters ? `${characters.slice(0, quotedCharacters).join('')}…` : text;
}
