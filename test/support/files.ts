import { crc32, deflateRawSync, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { expect } from 'vitest';
import { RequestUploadDocument } from '../operations/generated.js';
import type { Person } from './Person.js';
import { does } from './stories.js';

/** A file as a client has it. */
export interface TestFile {
  fileName: string;
  contentType: string;
  bytes: Buffer;
}

const file = (fileName: string, contentType: string, bytes: Buffer | string): TestFile => ({
  fileName,
  contentType,
  bytes: Buffer.from(bytes as never),
});

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c33' } });

export const png = async (width = 640, height = 400) =>
  file('parcel.png', 'image/png', await picture(width, height).png().toBuffer());
export const jpeg = async () =>
  file('parcel.jpg', 'image/jpeg', await picture(500, 300).withMetadata({ orientation: 6 }).jpeg().toBuffer());
export const webp = async () => file('parcel.webp', 'image/webp', await picture(50, 30).webp().toBuffer());
export const avif = async () => file('parcel.avif', 'image/avif', await picture(50, 30).avif().toBuffer());
export const movingGif = async () => {
  const frames = await Promise.all(['#c33', '#3c3'].map((background) => solid(background).png().toBuffer()));
  return file(
    'parcel.gif',
    'image/gif',
    await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer(),
  );
};
const solid = (background: string) => sharp({ create: { width: 40, height: 30, channels: 3, background } });

export const pdf = (inside = '') =>
  file(
    'invoice.pdf',
    'application/pdf',
    `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n${inside}
trailer<</Root 1 0 R>>\n%%EOF\n`,
  );
export const text = (content = 'Hello, wörld.\n') => file('notes.txt', 'text/plain', content);
export const svg = () =>
  file('logo.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');

const docxType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const contentTypes = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Override PartName="/word/document.xml" ContentType="${docxType}.main+xml"/></Types>`;
export const docx = (types: Buffer = Buffer.from(contentTypes)) =>
  file(
    'letter.docx',
    docxType,
    zip({ '[Content_Types].xml': types, 'word/document.xml': Buffer.from('<w:document/>') }),
  );

/** A GIF that is a page and a script as well; and a PDF that is an archive as well. */
export const gifAndPage = async () => {
  const { bytes } = await movingGif();
  return file('page.gif', 'image/gif', Buffer.concat([bytes, Buffer.from('<html><script>alert(1)</script></html>')]));
};
export const pdfAndArchive = () =>
  file('both.pdf', 'application/pdf', Buffer.concat([pdf().bytes, zip({ 'evil.js': Buffer.from('alert(1)') })]));

/** A few hundred kilobytes that open to 900 million pixels. */
export const bombPng = () => {
  const side = 30_000;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const rows = deflateSync(Buffer.alloc((side / 8 + 1) * side));
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const parts = [chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))];
  return file('bomb.png', 'image/png', Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]));
};

/** A document whose list of types opens to so many bytes. */
export const bombDocx = (bytes: number) => docx(Buffer.concat([Buffer.from(contentTypes), Buffer.alloc(bytes, ' ')]));

function zip(entries: Record<string, Buffer>): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const packed = deflateRawSync(content);
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(8, 4);
    about.writeUInt32LE(crc32(content), 10);
    about.writeUInt32LE(packed.length, 14);
    about.writeUInt32LE(content.length, 18);
    about.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), about, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), about, place, Buffer.from(name)]));
    files.push(local);
    offset += local.length;
  }
  const [count, size] = [directory.length, Buffer.concat(directory).length];
  const end = Buffer.alloc(18);
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, ...directory, Buffer.from('PK\x05\x06'), end]);
}

/** Asks for room for this file, or for one that is said to be larger. */
export async function requestsUpload(person: Person, { fileName, contentType, bytes }: TestFile, byteSize?: number) {
  const input = { fileName, contentType, byteSize: byteSize ?? bytes.length };
  return (await does(person, RequestUploadDocument, input)).upload!;
}

export type Upload = Awaited<ReturnType<typeof requestsUpload>>;

export const putTo = ({ url, method, headers }: Upload, bytes: Buffer) =>
  fetch(url, {
    method,
    headers: headers.map(({ name, value }): [string, string] => [name, value]),
    body: new Uint8Array(bytes),
  });

/** Uploads a file as any client would, and gives its id. */
export async function uploads(person: Person, sent: TestFile): Promise<string> {
  const upload = await requestsUpload(person, sent);
  const response = await putTo(upload, sent.bytes);
  expect(response.ok, `${response.status} ${await response.text()}`).toBe(true);
  return upload.attachmentId;
}
