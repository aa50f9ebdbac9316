import { randomBytes } from 'node:crypto';
import { parseTypeId, TypeID } from 'typeid-js';
import type { Clock } from './clock.js';

/** The prefix of an id says what it is the id of. */
export type IdKind =
  | 'ws'
  | 'agent'
  | 'cust'
  | 'ai'
  | 'int'
  | 'sys'
  | 'conv'
  | 'msg'
  | 'whis'
  | 'evt'
  | 'turn'
  | 'xfer'
  | 'ntf'
  | 'tkt'
  | 'tcom'
  | 'salt'
  | 'push'
  | 'key'
  | 'prof'
  | 'art'
  | 'att';

/** The one source of ids. Tests replace it by one that repeats itself. */
export interface IdSource {
  next(kind: IdKind): string;
}

/**
 * UUIDv7 with a random tail: the time first, so that inserts stay local in the index, and 74 random bits after it. The
 * usual generators count within a millisecond; a counter would tell a customer that something was written in between.
 */
export function randomIds(clock: Clock, random: (size: number) => Buffer = randomBytes): IdSource {
  return {
    next(kind) {
      const bytes = random(16);
      bytes.writeUIntBE(clock.now().getTime(), 0, 6);
      bytes[6] = (bytes[6]! & 0x0f) | 0x70;
      bytes[8] = (bytes[8]! & 0x3f) | 0x80;
      return TypeID.fromUUIDBytes(kind, bytes).toString();
    },
  };
}

/** Whether `id` is a well-formed id of one of these kinds. What is not is the id of nothing, and never reaches SQL. */
export function isIdOf(id: string, ...kinds: IdKind[]): boolean {
  const kind = kindOfId(id);
  return kind !== null && kinds.includes(kind);
}

export function kindOfId(id: string): IdKind | null {
  if (id.length > 64) return null;
  try {
    const { prefix, suffix } = parseTypeId(id as never);
    TypeID.fromString(id);
    return suffix === '' ? null : (prefix as IdKind);
  } catch {
    return null;
  }
}

/** An agent's profile is one per agent and has no id of its own to keep: the same suffix under another prefix. */
export const idOfProfile = (agentId: string) => agentId.replace(/^agent_/, 'prof_');
