import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { eventually } from './eventually.js';

const program = '/usr/bin/apertium-apy';
const modes = '/usr/share/apertium/modes';

/** Whether the real Apertium is installed, with English and Spanish (Debian: apertium-apy, apertium-eng-spa). */
export const hasApertium = existsSync(program) && existsSync(`${modes}/eng-spa.mode`);

/** The real Apertium, on a free port of this machine. */
export async function startApertium(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // A group of its own: it starts pipelines of programs, which are to end with it.
  const apertium = spawn(program, ['--port', String(port), modes], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
  });
  const stop = () => endGroup(apertium);
  try {
    await eventually(
      () => fetch(`${url}/listPairs`).then(({ status }) => status, String),
      (status) => status === 200,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid!, 'SIGKILL');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
