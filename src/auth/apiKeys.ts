import { createHash, randomBytes } from 'node:crypto';

/** A key is shown once; what is kept is its hash, and a prefix by which people tell keys apart. */
export function newApiKey(): { key: string; prefix: string; sha256: Buffer } {
  const key = `pk_${randomBytes(32).toString('base64url')}`;
  return { key, prefix: key.slice(0, 11), sha256: apiKeyHash(key) };
}

export const isApiKey = (token: string) => token.startsWith('pk_');

/** A plain hash is enough for 256 random bits, and lets the database find the key by it. */
export const apiKeyHash = (key: string) => createHash('sha256').update(key).digest();
