import type { AiTurn } from '../../src/entities/AiTurn.js';
import { Conversation } from '../../src/entities/Conversation.js';
import type { Entry } from '../../src/entities/Entry.js';

export interface Told {
  /** what the conversation's row must say */
  conversation: Partial<Conversation>;
  /** by actor */
  participants: Record<string, { joinedAt: Date | null; publicSince: Date | null }>;
  /** where each entry must stand */
  places: Pick<Entry, 'id' | 'position' | 'teamPosition' | 'notePosition'>[];
}

/** Tells a conversation of the default AI agent `aiAgentId` again from its log: its entries in the order of their places,
 * and the turns that the AI agent answered. */
export function retell(entries: readonly Entry[], turns: readonly AiTurn[], aiAgentId: string): Told {
  const [started] = entries;
  const conversation = blank(started!, aiAgentId);
  const participants: Told['participants'] = {};
  const participant = (id: string) => (participants[id] ??= { joinedAt: null, publicSince: null });
  const notes = new Map<string, number>();

  const places = entries.map((entry, index) => {
    const { id, audience, actorId, createdAt: at, agentId } = entry;
    const here = [conversation.position, conversation.teamPosition, actorId].join(' ');
    const place = conversation.takePlace(audience, at, notes.get(here) ?? 0);
    if (audience === 'SELF') notes.set(here, place.notePosition);
    if (entry.type === 'MESSAGE') {
      const byCustomer = actorId === conversation.customerId;
      const answersUpTo = answered(entry, entries[index + 1]);
      conversation.received({ id, byCustomer, ...(answersUpTo !== undefined && { answersUpTo }) }, at);
      if (!byCustomer) participant(actorId).publicSince ??= at;
    }
    switch (entry.eventKind) {
      case 'JOINED':
        participant(agentId!).joinedAt = at;
        break;
      case 'LEFT':
        participant(agentId!).joinedAt = null;
        break;
      case 'TAKEN_OVER':
        conversation.takeOver(agentId!, at);
        participant(agentId!).joinedAt ??= at;
        participant(agentId!).publicSince ??= at;
        break;
      case 'ASSIGNED':
        conversation.assign(agentId!, at);
        participant(agentId!).joinedAt ??= at;
        participant(agentId!).publicSince ??= at;
        break;
      case 'HANDED_BACK':
        conversation.handBack(aiAgentId, at);
        break;
      case 'HUMAN_REQUESTED':
        conversation.askForHuman(actorId, null, at);
        break;
      case 'RESOLVED':
        conversation.resolve(at);
        break;
      case 'REOPENED':
        conversation.reopen(true, at);
        break;
      case 'FINALIZED':
        conversation.finalize(at);
        break;
    }
    return { id, ...place };
  });
  return { conversation: { ...conversation }, participants, places };

  /** The last position that a message answers. Last words, before the AI agent asks for a person, answer nothing. */
  function answered({ actorId, position, createdAt }: Entry, next: Entry | undefined): number | undefined {
    if (actorId === conversation.customerId) return undefined;
    if (actorId !== aiAgentId) return position;
    if (next?.eventKind === 'HUMAN_REQUESTED' && next.actorId === aiAgentId) return undefined;
    return turns.find(({ closedAt }) => closedAt?.getTime() === createdAt.getTime())?.upToPosition;
  }
}

function blank({ actorId, createdAt }: Entry, aiAgentId: string): Conversation {
  return Object.assign(Object.create(Conversation.prototype), {
    customerId: actorId,
    createdAt,
    updatedAt: createdAt,
    status: 'OPEN',
    handling: 'AI',
    aiAgentId,
    aiSince: createdAt,
    assigneeId: null,
    assignedAt: null,
    needsHumanBy: null,
    needsHumanSince: null,
    resolvedAt: null,
    lastMessageId: null,
    lastMessageAt: null,
    lastMessageByCustomer: false,
    answeredPosition: 0,
    humanFrom: null,
    humanTo: null,
    position: 0,
    teamPosition: 0,
    noteCount: 0,
    handlingEpoch: 0,
  });
}
