import { expect } from 'vitest';
import type { EventKind } from '../../src/entities/Entry.js';

/** An entry as the log has it. */
export interface Line {
  type: 'MESSAGE' | 'WHISPER' | 'EVENT';
  audience: 'EVERYONE' | 'TEAM';
  position: number;
  teamPosition: number;
  kind: EventKind | null;
  actorId: string;
  agentId: string | null;
  transferId: string | null;
}

/** What a conversation's log comes to. */
export interface History {
  status: 'OPEN' | 'RESOLVED' | 'FINALIZED';
  handling: 'AI' | 'HUMAN' | 'UNATTENDED';
  assigneeId: string | null;
  joined: Set<string>;
  /** how each offer stands, by its id */
  offers: Map<string, string>;
}

interface Roles {
  customerId: string;
  systemId: string;
  isAdmin: (id: string) => boolean;
}

/** Tells a log again, line by line, and fails where a line could not follow: each event changes something, by somebody who
 * may, and the places have no gap. So what differs from the result was changed without an event, or by more than one. */
export function historyOf(log: readonly Line[], { customerId, systemId, isAdmin }: Roles): History {
  const told: History = { status: 'OPEN', handling: 'AI', assigneeId: null, joined: new Set(), offers: new Map() };
  let pending: { id: string; fromId: string; toId: string } | null = null;
  let place = { position: 0, teamPosition: 0 };
  for (const [index, line] of log.entries()) {
    const { position, teamPosition } = place;
    place =
      line.audience === 'EVERYONE'
        ? { position: position + 1, teamPosition: 0 }
        : { position, teamPosition: teamPosition + 1 };
    expect({ position: line.position, teamPosition: line.teamPosition }, `place of ${line.kind}`).toEqual(place);
    if (line.kind === null) continue;
    const { kind, actorId } = line;
    const holds = (fact: boolean) =>
      expect(fact, `${kind}, ${index + 1}th of ${log.map((one) => one.kind)}`).toBe(true);
    const agentId = line.agentId!;
    const answersForIt = () => told.assigneeId === null || told.assigneeId === actorId || isAdmin(actorId);
    holds(told.status !== 'FINALIZED' || kind === 'LEFT');
    switch (kind) {
      case 'STARTED':
        holds(index === 0);
        break;
      case 'JOINED':
        holds(!told.joined.has(agentId) && agentId === actorId);
        told.joined.add(agentId);
        break;
      case 'LEFT':
        holds(told.joined.has(agentId) && agentId !== told.assigneeId);
        told.joined.delete(agentId);
        break;
      case 'TAKEN_OVER':
        holds(pending === null && agentId === actorId && agentId !== told.assigneeId);
        holds(told.assigneeId === null || isAdmin(actorId));
        Object.assign(told, { assigneeId: agentId, handling: 'HUMAN' });
        told.joined.add(agentId);
        break;
      case 'ASSIGNED':
        holds(log[index - 1]!.kind === 'TRANSFER_ACCEPTED' && agentId === actorId && told.handling === 'HUMAN');
        told.assigneeId = agentId;
        told.joined.add(agentId);
        break;
      case 'UNASSIGNED':
        holds(pending === null && agentId === told.assigneeId && actorId === systemId);
        Object.assign(told, { assigneeId: null, handling: 'UNATTENDED' });
        break;
      case 'HANDED_BACK':
        holds(pending === null && told.handling !== 'AI' && told.status === 'OPEN' && answersForIt());
        Object.assign(told, { assigneeId: null, handling: 'AI' });
        break;
      case 'HUMAN_REQUESTED':
        holds(told.handling !== 'HUMAN' && told.status === 'OPEN');
        told.handling = 'UNATTENDED';
        break;
      case 'RESOLVED':
        holds(pending === null && told.status === 'OPEN' && answersForIt());
        told.status = 'RESOLVED';
        break;
      case 'REOPENED':
        holds(told.status === 'RESOLVED');
        told.status = 'OPEN';
        if (told.assigneeId === null) told.handling = 'AI';
        break;
      case 'FINALIZED':
        holds(pending === null && (actorId === customerId || answersForIt()));
        told.status = 'FINALIZED';
        break;
      case 'TRANSFER_REQUESTED':
        holds(pending === null && told.assigneeId !== null && told.status === 'OPEN' && agentId !== told.assigneeId);
        holds(answersForIt());
        pending = { id: line.transferId!, fromId: told.assigneeId!, toId: agentId };
        told.offers.set(pending.id, 'PENDING');
        break;
      default: {
        holds(pending?.id === line.transferId && pending.toId === agentId && pending.fromId === told.assigneeId);
        const end = kind.replace('TRANSFER_', '');
        if (end === 'ACCEPTED' || end === 'DECLINED') holds(actorId === pending!.toId);
        if (end === 'EXPIRED') holds(actorId === systemId);
        if (end === 'CANCELLED') {
          const isFinalizing = log[index + 1]?.kind === 'FINALIZED' && actorId === customerId;
          holds(isFinalizing || actorId === pending!.fromId || actorId === systemId || isAdmin(actorId));
        }
        told.offers.set(pending!.id, end);
        pending = null;
      }
    }
  }
  return told;
}
