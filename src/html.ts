/** Text that is HTML already. Only the tag makes it. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | Html | readonly Html[];

/** HTML from a template. Whatever is put in is escaped, in text and in quoted attributes alike, unless this tag made it. */
export const html = (template: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(String.raw({ raw: template }, ...parts.map(source)));

function source(part: Part): string {
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return part instanceof Html ? part.text : part.map(source).join('');
}
