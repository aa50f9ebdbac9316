import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileStore } from '../../src/adapters/FileStore.js';
import { LocalFileStore } from '../../src/adapters/LocalFileStore.js';
import { S3FileStore } from '../../src/adapters/S3FileStore.js';
import { type Bucket, startBucket } from '../support/bucket.js';

let folder: string;
let bucket: Bucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-store-'));
  bucket = await startBucket();
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

const key = 'att_01m0000000000000000000000x';
const bytes = Buffer.from('the bytes of a file');
const contentOf = (store: FileStore, of = key) => store.asFile(of, (path) => readFile(path));
const twoParts = [bytes.subarray(0, 5), bytes.subarray(5)];

describe.each([
  ['a folder', () => new LocalFileStore(folder)],
  ['a bucket', () => new S3FileStore({ bucket: bucket.name, endpoint: bucket.endpoint })],
])('%s', (_, made) => {
  test('gives what was put there, until it is deleted', async () => {
    const store = made();
    expect(await store.size(key)).toBeNull();
    await store.put(key, twoParts, bytes.length);
    await store.put(`${key}.thumbnail`, [Buffer.from('small')], 5);
    expect(await store.size(key)).toBe(bytes.length);
    expect(await contentOf(store)).toEqual(bytes);
    expect(await contentOf(store, `${key}.thumbnail`)).toEqual(Buffer.from('small'));
    await store.delete(key);
    expect(await store.size(key)).toBeNull();
    expect(await store.size(`${key}.thumbnail`)).toBe(5);
    await store.delete(key);
    await expect(contentOf(store)).rejects.toThrow();
    await store.delete(`${key}.thumbnail`);
  });

  test('keeps nothing of what breaks off', async () => {
    const store = made();
    async function* breaking() {
      yield bytes.subarray(0, 5);
      throw new Error('gone');
    }
    await expect(store.put(key, breaking(), bytes.length)).rejects.toThrow();
    expect(await store.size(key)).toBeNull();
  });
});

describe('a folder', () => {
  test('gives the later of two files under one key whole, whoever reads meanwhile', async () => {
    const store = new LocalFileStore(folder);
    await store.put(key, [bytes]);
    const later = Buffer.alloc(200_000, 'x');
    const reading = Promise.all(Array.from({ length: 20 }, () => contentOf(store)));
    await store.put(key, [later]);
    for (const read of await reading) expect([bytes.length, later.length]).toContain(read.length);
    expect(await contentOf(store)).toEqual(later);
    await store.delete(key);
  });

  test('takes no key that is a path, and forgets what never became a file', async () => {
    const store = new LocalFileStore(folder);
    for (const bad of ['../x', 'att_x/../../y', '/etc/passwd', 'att_', '', 'att_x.y.z', 'att_x\0'])
      await expect(store.put(bad, [bytes])).rejects.toThrow('no key');
    await store.put('att_1', [bytes]);
    const half = join(folder, 'arriving', 'half');
    await writeFile(half, 'half');
    await utimes(half, new Date(0), new Date(0));
    await store.sweep(new Date(1000));
    expect(await readdir(join(folder, 'arriving'))).toEqual([]);
    expect(await store.size('att_1')).toBe(bytes.length);
  });
});

describe('a bucket, by the URLs that clients get', () => {
  const store = () => new S3FileStore({ bucket: bucket.name, endpoint: bucket.endpoint });

  test('takes an upload as a file once; what is put there later changes nothing', async () => {
    const { direct } = store();
    const url = await direct.uploadUrl(key, bytes.length, 60);
    // The bucket refuses another length, being part of what is signed.
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toContain('content-length');
    expect(await direct.take(key)).toBeNull();
    expect((await fetch(url, { method: 'PUT', body: bytes })).ok).toBe(true);
    expect(await store().size(key)).toBeNull();
    expect(await direct.take(key)).toBe(bytes.length);
    expect((await fetch(url, { method: 'PUT', body: Buffer.alloc(bytes.length, 'y') })).ok).toBe(true);
    expect(await contentOf(store())).toEqual(bytes);
    await store().delete(key);
    expect(await direct.take(key)).toBeNull();
  });

  test('gives a download under the type and the disposition that we say', async () => {
    await store().put(key, [bytes], bytes.length);
    const as = { contentType: 'application/pdf', disposition: 'attachment; filename="x.pdf"', seconds: 60 };
    const response = await fetch(await store().direct.downloadUrl(key, as), { headers: { range: 'bytes=0-2' } });
    expect([response.status, await response.text()]).toEqual([206, 'the']);
    expect(response.headers.get('content-type')).toBe('application/pdf');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="x.pdf"');
  });
});
