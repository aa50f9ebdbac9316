import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { vi } from 'vitest';

export interface Bucket {
  endpoint: string;
  name: string;
  close(): Promise<void>;
}

/** A server that speaks S3, with one empty bucket, and the credentials for it in the environment. */
export async function startBucket(name = 'parley'): Promise<Bucket> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-bucket-'));
  const options = { address: '127.0.0.1', port: 0, silent: true, directory };
  const server = new S3rver({ ...options, configureBuckets: [{ name }] });
  const { port } = await server.run();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'S3RVER');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'S3RVER');
  return {
    endpoint: `http://127.0.0.1:${port}`,
    name,
    async close() {
      vi.unstubAllEnvs();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
