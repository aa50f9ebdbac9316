import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another server holds the DATA_DIR; its message is one line for the operator. */
export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
}

const SQLITE_BUSY = 5;
const PATIENCE_MS = 1_000;

// Held here because a lock that nothing refers to any more would be closed, and so given up, by the garbage collector.
const held = new Set<DatabaseSync>();

/**
 * Takes the lock of an existing DATA_DIR for this process and answers the function that gives it back.
 * Throws DataDirInUse when another process has it.
 */
export function lockDataDir(dataDir: string): () => void {
  // SQLite for its file lock only: the kernel's own, it ends with its process however that ends, and unlike a pid in
  // a file it cannot be mistaken after the pid is used again, or by a server in another container. The patience is for
  // a killed process that the kernel is still taking down.
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(dataDir, 'lock'), { timeout: PATIENCE_MS });
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new DataDirInUse(`Another server is running on the DATA_DIR ${dataDir}: stop it, or set another DATA_DIR.`);
    }
    throw new Error(`The DATA_DIR ${dataDir} cannot be used: ${(error as Error).message}.`);
  }
  const taken = lock;
  held.add(taken);
  return () => {
    if (held.delete(taken)) taken.close();
  };
}
