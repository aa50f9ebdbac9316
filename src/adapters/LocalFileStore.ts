import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FileStore } from './FileStore.js';

/** Files in a folder, spread by the random end of their keys. A file appears under its name whole or not at all. */
export class LocalFileStore implements FileStore {
  readonly direct = null;
  private readonly folder: string;
  private readonly arriving: string;

  constructor(folder: string) {
    this.folder = resolve(folder);
    this.arriving = join(this.folder, 'arriving');
  }

  async put(key: string, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const path = this.path(key);
    const temporary = join(this.arriving, `${key}.${randomUUID()}`);
    await Promise.all([mkdir(this.arriving, { recursive: true }), mkdir(dirname(path), { recursive: true })]);
    try {
      await pipeline(body, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async size(key: string): Promise<number | null> {
    return (await stat(this.path(key)).catch(nothingThere))?.size ?? null;
  }

  async delete(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  asFile<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    return work(this.path(key));
  }

  async sweep(before: Date): Promise<void> {
    for (const name of (await readdir(this.arriving).catch(nothingThere)) ?? []) {
      const path = join(this.arriving, name);
      const found = await stat(path).catch(nothingThere);
      if (found && found.mtime < before) await rm(path, { force: true });
    }
  }

  private path(key: string): string {
    const [, id] = /^([a-z]+_[0-9a-z]+)(?:\.[a-z]+)?$/.exec(key) ?? [];
    if (id === undefined) throw new Error('This is no key of a file.');
    return join(this.folder, id.slice(-2), key);
  }
}

function nothingThere(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
