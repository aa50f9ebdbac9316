import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  NotFound,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { DirectAccess, FileStore } from './FileStore.js';

export interface S3Options {
  bucket: string;
  /** of a store that is not Amazon's */
  endpoint?: string | undefined;
  region?: string | undefined;
}

/** Files in a bucket, under `files/`. Clients put theirs under `uploads/`, where nothing is ever read from. */
export class S3FileStore implements FileStore {
  readonly direct: DirectAccess;
  private readonly client: S3Client;
  private readonly bucket: string;

  /** Credentials come from the environment, as every program for S3 takes them. */
  constructor({ bucket, endpoint, region }: S3Options) {
    this.bucket = bucket;
    this.client = new S3Client({
      ...(endpoint && { endpoint, forcePathStyle: true }),
      ...((region || endpoint) && { region: region ?? 'us-east-1' }),
      // Newer checksums are unknown to many stores, and would be part of a presigned URL.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    this.direct = {
      uploadUrl: (key, byteSize, seconds) => {
        // The length is signed: the bucket itself refuses any other.
        const upload = new PutObjectCommand({ Bucket: bucket, Key: uploads(key), ContentLength: byteSize });
        return getSignedUrl(this.client, upload, { expiresIn: seconds });
      },
      take: (key) => this.take(key),
      downloadUrl: (key, { contentType, disposition, seconds }) => {
        const download = new GetObjectCommand({
          Bucket: bucket,
          Key: files(key),
          ResponseContentType: contentType,
          ResponseContentDisposition: disposition,
          ResponseCacheControl: 'private, no-store',
        });
        return getSignedUrl(this.client, download, { expiresIn: seconds });
      },
    };
  }

  async put(key: string, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, byteSize: number): Promise<void> {
    const source = Readable.from(body);
    // The client waits for a source that has failed, for ever.
    const failing = new AbortController();
    source.once('error', (error) => failing.abort(error));
    const object = { Bucket: this.bucket, Key: files(key), Body: source, ContentLength: byteSize };
    await this.client.send(new PutObjectCommand(object), { abortSignal: failing.signal });
  }

  async size(key: string): Promise<number | null> {
    return (await this.head(files(key)))?.ContentLength ?? null;
  }

  async delete(key: string): Promise<void> {
    for (const path of [uploads(key), files(key)])
      await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: path }));
  }

  async asFile<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-'));
    try {
      const path = join(folder, 'file');
      const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: files(key) }));
      await pipeline(Body as Readable, createWriteStream(path, { mode: 0o600 }));
      return await work(path);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** A bucket keeps an object whole or not at all. */
  async sweep(): Promise<void> {}

  /** Copied before anybody looks at it, and only as it was found: the URL can be written to until it expires. */
  private async take(key: string): Promise<number | null> {
    const uploaded = await this.head(uploads(key));
    if (uploaded === null) return null;
    await this.client.send(
      new CopyObjectCommand({
        Bucket: this.bucket,
        Key: files(key),
        CopySource: `${this.bucket}/${uploads(key)}`,
        CopySourceIfMatch: uploaded.ETag,
      }),
    );
    await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: uploads(key) }));
    return uploaded.ContentLength ?? null;
  }

  private async head(path: string): Promise<HeadObjectCommandOutput | null> {
    try {
      return await this.client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: path }));
    } catch (error) {
      if (error instanceof NotFound) return null;
      throw error;
    }
  }
}

const uploads = (key: string) => `uploads/${key}`;
const files = (key: string) => `files/${key}`;
