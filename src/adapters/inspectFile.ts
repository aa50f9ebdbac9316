import { createReadStream } from 'node:fs';
import { fileTypeFromFile } from 'file-type';
import sharp from 'sharp';

/** What a file is, whatever it was said to be. */
export interface FileContent {
  contentType: string;
  /** of what a screen shows as a picture: as it is shown, with a small WebP of it */
  image: { width: number; height: number; thumbnail: Buffer } | null;
}

/** A larger picture would take more memory to open than it is worth; its header says so before it is opened. */
const maxPixels = 50_000_000;
const thumbnailSide = 320;
const decodingSeconds = 10;

// Each file is seen once. One thread for each picture: uploads must not take the machine from those who talk.
sharp.cache(false);
sharp.concurrency(1);

/**
 * What a file's content shows it to be; null for whatever is not one of `allowed`, does not decode, or would take too
 * much to. Text has no mark to be known by: it is what it was declared as if it is text, and not a page to be run.
 */
export async function inspectFile(
  path: string,
  declaredType: string,
  allowed: readonly string[],
): Promise<FileContent | null> {
  const found = await fileTypeFromFile(path);
  const contentType = found?.mime ?? (declaredType.startsWith('text/') && (await isText(path)) ? declaredType : null);
  if (contentType === null || !allowed.includes(contentType)) return null;
  if (!contentType.startsWith('image/')) return { contentType, image: null };
  const image = await inTurn(() => measure(path)).catch(() => null);
  return image && { contentType, image };
}

/** Of something that moves, the first picture. */
async function measure(path: string): Promise<FileContent['image']> {
  const options = { limitInputPixels: maxPixels, sequentialRead: true, failOn: 'error' } as const;
  const { autoOrient } = await sharp(path, options).metadata();
  const thumbnail = await sharp(path, options)
    .timeout({ seconds: decodingSeconds })
    .autoOrient()
    .resize(thumbnailSide, thumbnailSide, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 75 })
    .toBuffer();
  return { width: autoOrient.width, height: autoOrient.height, thumbnail };
}

const markup = /^[\s\ufeff]*<(!doctype|!--|\?xml|html|head|body|script|svg|iframe|style)/i;

async function isText(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isFirst = true;
  try {
    for await (const chunk of createReadStream(path)) {
      const text = decoder.decode(chunk, { stream: true });
      if (text.includes('\0') || (isFirst && markup.test(text))) return false;
      isFirst = false;
    }
    decoder.decode();
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

let last: Promise<unknown> = Promise.resolve();

/** One picture at a time: decoding takes the threads that files and look-ups of names need as well. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  last = mine.catch(() => {});
  return mine;
}
