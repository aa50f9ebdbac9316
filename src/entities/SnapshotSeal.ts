import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** Somebody as they were called when the snapshot was taken. */
export interface SnapshotActor {
  actorId: string;
  displayName: string;
}

/** What a seal covers besides the entries. */
export interface SnapshotHead {
  ticketId: string;
  takenAt: Date;
  subject: string | null;
  customer: SnapshotActor;
  assignee: SnapshotActor | null;
  participants: SnapshotActor[];
}

/** A file that belonged to an entry. It is kept as long as the entry is. */
export interface SnapshotAttachment {
  id: string;
  fileName: string;
  contentType: string;
  byteSize: number;
}

/** An entry as it is kept; of one that was erased only the digest of what it was counts. */
export interface SnapshotLine {
  entryId: string;
  kind: string;
  audience: string;
  actor: SnapshotActor;
  agent: SnapshotActor | null;
  text: string | null;
  /** null: none */
  attachments: SnapshotAttachment[] | null;
  salt: string | null;
  createdAt: Date;
  erasedSha256: string | null;
}

/**
 * The hash of a snapshot, made of its entries one by one. docs/decisions/008-tickets.md says exactly what is hashed; it
 * holds for ever, since whoever noted a hash must be able to check it. A later field may be added only where it has a
 * value, so that what was sealed without it stays as it was.
 */
export class SnapshotSeal {
  private readonly hash = createHash('sha256');
  private readonly end: string;
  private isEmpty = true;

  constructor(head: SnapshotHead) {
    // In canonical JSON a quote within a string is escaped, so this stands in it once.
    const [start, end] = canonical({ ...head, takenAt: head.takenAt.toISOString(), entries: [] }).split('"entries":[]');
    this.hash.update(`${start}"entries":[`);
    this.end = `]${end}`;
  }

  add(line: SnapshotLine): void {
    this.hash.update(`${this.isEmpty ? '' : ','}"${digestOf(line)}"`);
    this.isEmpty = false;
  }

  /** Lower-case hexadecimal. Nothing can be added after. */
  close(): string {
    return this.hash.update(this.end).digest('hex');
  }
}

/** The digest by which a seal counts one entry. The salt keeps an erased text from being guessed from it. */
export function digestOf({ erasedSha256, createdAt, ...line }: SnapshotLine): string {
  if (erasedSha256 !== null) return erasedSha256;
  const { actor, agent, attachments, audience, entryId, kind, salt, text } = line;
  const times = { createdAt: createdAt.toISOString() };
  const content = { actor, agent, ...(attachments && { attachments }), audience, ...times, entryId, kind, salt, text };
  return createHash('sha256').update(canonical(content)).digest('hex');
}

/** Canonical JSON as RFC 8785 has it. */
const canonical = (value: object): string => canonicalize(value)!;
