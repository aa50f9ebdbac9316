import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const FAST_STOP_MS = 2_000;
const KILL_MS = 10_000;

/** Whether this system tells what its processes are (Linux does). */
export const canSeeProcesses = existsSync('/proc/self/cmdline');

/**
 * The ids of PostgreSQL's processes (initdb's too) that are alive and have this mark in their command line or title.
 * By mark rather than by a pid from a file, which may be a stranger's by now; and not by working directory, because in
 * a container root may not look up that of another user's process.
 */
export function postgresProcesses(mark: string): number[] {
  if (!canSeeProcesses) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isPostgres(name, mark))
    .map(Number);
}

/** Ends them: by a fast shutdown if their postmaster lives, else (or if that takes over 2 s) by SIGKILL, as in a crash. */
export async function endPostgresProcesses(mark: string, postmaster?: number): Promise<void> {
  if (postmaster && postgresProcesses(mark).includes(postmaster)) {
    signal([postmaster], 'SIGINT'); // it may hang in recovery (18.4), hence the limit
    await noneLeft(mark, FAST_STOP_MS);
  }
  // Without its postmaster a backend may go on with a long statement, and nothing can start beside it.
  signal(postgresProcesses(mark), 'SIGKILL');
  if (await noneLeft(mark, KILL_MS)) return;
  throw new Error(`An earlier PostgreSQL cannot be ended: processes ${postgresProcesses(mark).join(', ')}.`);
}

async function noneLeft(mark: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (postgresProcesses(mark).length > 0) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function signal(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended meanwhile
    }
  }
}

function isPostgres(pid: string, mark: string): boolean {
  try {
    // A zombie has no command line any more; somebody's editor may have the mark in its own, but is not PostgreSQL.
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark)) return false;
    return ['postgres', 'initdb'].includes(readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  } catch {
    return false; // it is gone
  }
}
