import { randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { hash, verify } from '@node-rs/argon2';
import { invalidInput } from '../errors.js';
import { refuseIllFormed } from './texts.js';

const shortest = 10;
const longest = 200;

/** Stores the argon2id hash (19 MiB, 2 passes: OWASP's choice, which is the library's default) of a password. */
export async function storePassword(em: EntityManager, agentId: string, password: string, now: Date): Promise<void> {
  await em.execute(
    `insert into passwords (agent_id, hash, set_at) values (?, ?, ?)
     on conflict (agent_id) do update set hash = excluded.hash, set_at = excluded.set_at`,
    [agentId, await hash(password), now],
  );
}

// Checked in place of a hash that is not there, so that an unknown e-mail takes as long as a wrong password.
const nobodysHash = hash(randomBytes(16));

export async function passwordMatches(stored: string | null, password: string): Promise<boolean> {
  const matches = await verify(stored ?? (await nobodysHash), password);
  return matches && stored !== null;
}

export function checkNewPassword(password: string, field: string): void {
  refuseIllFormed(password, field);
  if (password.length < shortest || password.length > longest) {
    throw invalidInput([field], `A password has ${shortest} to ${longest} characters.`);
  }
}

/** A password to hand over once: 96 random bits. */
export const oneTimePassword = (): string => randomBytes(12).toString('base64url');
