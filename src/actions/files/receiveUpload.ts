import sql from 'sql-template-tag';
import type { Viewer } from '../../auth/Viewer.js';
import { attachmentTypes } from '../../entities/Attachment.js';
import { invalidInput, notFoundAt, Refusal } from '../../errors.js';
import { isIdOf } from '../../ids.js';
import type { World } from '../World.js';
import { type Files, thumbnailKey } from './Files.js';

interface Expected {
  id: string;
  declaredType: string;
  byteSize: number;
}

/**
 * Takes an upload's bytes, once: as many as were declared, counted while they come, whatever the request says of its
 * length. What breaks off leaves nothing and may be tried again; what is no file of an allowed kind leaves nothing, and
 * may not. The bytes go to the store as they come, and are looked at there.
 */
export async function receiveUpload(
  world: World,
  files: Files,
  attachmentId: string,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const [expected] = await claim(world, sql`id = ${attachmentId} and upload_expires_at > ${world.clock.now()}`);
  if (!expected) throw notFoundAt('token');
  await orGiveBack(world, expected, async () => {
    await files.store.put(expected.id, exactly(body, expected.byteSize), expected.byteSize);
    if (!(await judge(world, files, expected))) throw new Refusal('UNSUPPORTED_FILE_TYPE');
  });
}

/** Looks at what the caller has put straight into the bucket, of the files that they are about to use. */
export async function receiveDirectUploads(
  world: World,
  files: Files,
  viewer: Viewer,
  attachmentIds: readonly string[],
): Promise<void> {
  const { direct } = files.store;
  const ids = attachmentIds.filter((id) => isIdOf(id, 'att'));
  if (direct === null || ids.length === 0) return;
  const claimed = await claim(world, sql`id = any(${ids}) and uploader_id = ${viewer.id}`);
  await Promise.all(
    claimed.map((expected) =>
      orGiveBack(world, expected, async () => {
        const size = await direct.take(expected.id);
        if (size === null) await giveBack(world, expected);
        else if (size !== expected.byteSize) await refuse(world, files, expected);
        else await judge(world, files, expected);
      }),
    ),
  );
}

/** One at a time receives: whoever comes second finds nothing that is only requested. */
function claim({ database }: World, which: ReturnType<typeof sql>): Promise<Expected[]> {
  return database.read<Expected>(sql`
    update attachments set state = 'RECEIVING' where ${which} and state = 'REQUESTED'
    returning id, declared_type as "declaredType", byte_size as "byteSize"`);
}

async function orGiveBack(world: World, expected: Expected, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await giveBack(world, expected);
    throw error;
  }
}

async function giveBack({ database }: World, { id }: Expected): Promise<void> {
  await database.read(sql`update attachments set state = 'REQUESTED' where id = ${id} and state = 'RECEIVING'`);
}

/** Whether the file is one of those that may be sent; one that is not is gone at once. */
async function judge(world: World, files: Files, expected: Expected): Promise<boolean> {
  const { id, declaredType } = expected;
  const content = await files.store.asFile(id, (path) => files.inspect(path, declaredType, attachmentTypes));
  if (content === null) {
    await refuse(world, files, expected);
    return false;
  }
  const { contentType, image } = content;
  if (image) await files.store.put(thumbnailKey(id), [image.thumbnail], image.thumbnail.length);
  await world.database.read(sql`
    update attachments
    set state = 'READY', content_type = ${contentType},
      image_width = ${image?.width ?? null}, image_height = ${image?.height ?? null}
    where id = ${id} and state = 'RECEIVING'`);
  return true;
}

async function refuse({ database }: World, { store }: Files, { id }: Expected): Promise<void> {
  await store.delete(id);
  await database.read(sql`update attachments set state = 'REFUSED' where id = ${id} and state = 'RECEIVING'`);
}

async function* exactly(body: AsyncIterable<Uint8Array>, byteSize: number): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of body) {
    count += chunk.length;
    if (count > byteSize) throw new Refusal('FILE_TOO_LARGE');
    yield chunk;
  }
  if (count < byteSize) throw invalidInput([], 'This is less than was declared.');
}
