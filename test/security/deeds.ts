import fc from 'fast-check';
import sql from 'sql-template-tag';
import type { Part } from '../../src/auth/visibility.js';
import type { Owner, Who, World } from './worlds.js';

/** One action of a history: who does what to which conversation of whom. `text` is what it writes, if it writes. */
export interface Step {
  by: Who;
  does: string;
  of: Owner;
  at: number;
  text: string;
  /** decides whatever else is left open: which cursor, which node, which colleague */
  chance: number;
}

interface Deed {
  /** the mutation; by default the one of the same name */
  mutation?: string;
  /** who does it, in Acme's words: see `asOwnersPeople` */
  by: readonly Who[];
  /** how often, among the others */
  weight: number;
  /** who may notice it at all, if not everyone: a lattice hides its parts */
  part?: Exclude<Part, 'EVERYONE'>;
  /** its input, but for the conversation's id */
  input?: (step: Step, world: World, conversationId: string) => object | Promise<object>;
  /** what somebody does next, before anybody else does anything: an offer does not wait */
  next?: { does: string; by: Who };
  /** what it is about, if not a conversation: then its input has no `conversationId` */
  about?: 'CUSTOMER' | 'WORKSPACE' | 'TRANSFER' | 'TICKET';
}

const agents = ['ada', 'ben', 'cleo'] as const;
const text = ({ text: words }: Step) => ({ text: words });

async function latestTurn({ apps }: World, conversationId: string): Promise<string> {
  const [turn] = await apps[0].world.database.read<{ id: string }>(sql`
    select id from ai_turns where conversation_id = ${conversationId} order by opened_at desc, id limit 1`);
  return turn?.id ?? 'none';
}

async function pendingTransfer({ apps }: World, conversationId: string): Promise<string> {
  const [transfer] = await apps[0].world.database.read<{ id: string }>(sql`
    select id from transfers where conversation_id = ${conversationId} and status = 'PENDING'`);
  return transfer?.id ?? 'none';
}
const onTransfer = async (_: Step, world: World, id: string) => ({ transferId: await pendingTransfer(world, id) });
async function ticketOf({ apps }: World, conversationId: string): Promise<string> {
  const [ticket] = await apps[0].world.database.read<{ id: string }>(sql`
    select id from tickets where conversation_id = ${conversationId} order by number limit 1`);
  return ticket?.id ?? 'none';
}

/** Only what an admin or an assignee offers is offered at all. */
const offerTo =
  (whom: Who) =>
  (step: Step, { people }: World) => ({ toAgentId: people[whom].id, note: step.text });

/**
 * The vocabulary of histories: every mutation of the schema, one line for each way to use it. A mutation that is neither
 * here nor in `notInHistories` fails a test.
 */
export const deeds: Record<string, Deed> = {
  whisper: { by: agents, weight: 8, part: 'TEAM_ENTRY', input: text },
  'whisper to somebody': {
    mutation: 'whisper',
    by: agents,
    weight: 2,
    part: 'TEAM_ENTRY',
    input: ({ text: words, chance }, { people }) => ({ text: words, mentionIds: [people[agents[chance % 3]!].id] }),
  },
  note: {
    mutation: 'whisper',
    by: [...agents, 'fay', 'fay'],
    weight: 4,
    part: 'NOTE',
    input: (step) => ({ ...text(step), audience: 'SELF' }),
  },
  joinConversation: { by: agents, weight: 2, part: 'TEAM_ENTRY' },
  leaveConversation: { by: agents, weight: 2, part: 'TEAM_ENTRY' },
  tags: {
    mutation: 'updateConversation',
    by: agents,
    weight: 2,
    part: 'TEAM_STATE',
    input: ({ by, text: words }) => ({ tags: ['vip', `of ${by}`, words.slice(0, 20).trim() || 'blank'] }),
  },
  priority: {
    mutation: 'updateConversation',
    by: agents,
    weight: 2,
    part: 'TEAM_STATE',
    input: ({ by }) => ({ priority: by === 'ada' ? 'URGENT' : 'LOW' }),
  },
  'read by an agent': { mutation: 'markConversationRead', by: agents, weight: 2, part: 'TEAM_STATE' },
  'read by the customer': { mutation: 'markConversationRead', by: ['dana'], weight: 2, part: 'CUSTOMER_READ' },
  'said by the customer': { mutation: 'sendMessage', by: ['dana'], weight: 5, input: text },
  'said by an agent': { mutation: 'sendMessage', by: agents, weight: 5, input: text },
  'said for the customer': {
    mutation: 'sendMessage',
    by: ['crm'],
    weight: 1,
    input: (step) => ({ ...text(step), onBehalfOfCustomer: true }),
  },
  'said by the AI agent': {
    mutation: 'sendMessage',
    by: ['bot'],
    weight: 4,
    input: async (step, world, id) => ({ ...text(step), aiTurnId: await latestTurn(world, id) }),
  },
  startConversation: { by: ['dana'], weight: 1, input: text, about: 'CUSTOMER' },
  'requestHuman by the customer': { mutation: 'requestHuman', by: ['dana'], weight: 1 },
  'requestHuman by the AI agent': {
    mutation: 'requestHuman',
    by: ['bot'],
    weight: 1,
    input: async (step, world, id) => ({ ...text(step), reason: step.text, aiTurnId: await latestTurn(world, id) }),
  },
  takeOverConversation: { by: agents, weight: 4, input: () => ({ force: true }) },
  handBackConversation: { by: agents, weight: 2 },
  // An accepted offer is in every world, as its ASSIGNED; whatever else becomes of one is the team's.
  transferConversation: {
    by: agents,
    weight: 2,
    input: offerTo('cleo'),
    next: { does: 'acceptTransfer', by: 'cleo' },
  },
  acceptTransfer: { by: ['cleo'], weight: 0, input: onTransfer, about: 'TRANSFER' },
  'transferConversation in vain': {
    by: agents,
    weight: 2,
    part: 'TEAM_STATE',
    input: offerTo('fay'),
    next: { does: 'declineTransfer', by: 'fay' },
  },
  declineTransfer: { by: ['fay'], weight: 0, part: 'TEAM_STATE', input: onTransfer, about: 'TRANSFER' },
  'transferConversation and back': {
    by: ['ada'],
    weight: 2,
    part: 'TEAM_STATE',
    input: offerTo('fay'),
    next: { does: 'cancelTransfer', by: 'ada' },
  },
  cancelTransfer: { by: ['ada'], weight: 0, part: 'TEAM_STATE', input: onTransfer, about: 'TRANSFER' },
  createTicket: {
    by: agents,
    weight: 2,
    part: 'TEAM_STATE',
    input: ({ text: words }) => ({ title: words.trim() || 'blank', description: words }),
  },
  updateTicket: {
    by: agents,
    weight: 1,
    part: 'TEAM_STATE',
    input: async ({ chance }, world, id) => ({
      ticketId: await ticketOf(world, id),
      status: chance % 2 ? 'SOLVED' : 'IN_PROGRESS',
    }),
    about: 'TICKET',
  },
  addTicketComment: {
    by: agents,
    weight: 1,
    part: 'TEAM_STATE',
    input: async (step, world, id) => ({ ...text(step), ticketId: await ticketOf(world, id) }),
    about: 'TICKET',
  },
  requestUpload: {
    by: ['dana', 'ben'],
    weight: 1,
    input: () => ({ fileName: 'parcel.png', contentType: 'image/png', byteSize: 1000 }),
    about: 'WORKSPACE',
  },
  updateProfile: {
    by: agents,
    weight: 1,
    part: 'TEAM_STATE',
    input: ({ by }) => ({ preferredLanguage: by === 'ada' ? 'es' : 'de' }),
    about: 'WORKSPACE',
  },
  setTyping: { by: agents, weight: 2, part: 'TEAM_ENTRY', input: () => ({ typing: true, audience: 'TEAM' }) },
  setAvailability: {
    by: agents,
    weight: 1,
    part: 'TEAM_STATE',
    input: ({ by }) => ({ availability: by === 'ada' ? 'AWAY' : 'OFFLINE' }),
    about: 'WORKSPACE',
  },
  updateNotificationPreferences: {
    by: agents,
    weight: 1,
    part: 'TEAM_STATE',
    input: ({ chance }) => ({ preferences: [{ kind: 'NEW_MESSAGE', channels: chance % 2 ? ['IN_APP'] : [] }] }),
    about: 'WORKSPACE',
  },
  markNotificationsRead: { by: agents, weight: 1, part: 'TEAM_STATE', input: () => ({}), about: 'WORKSPACE' },
  resolveConversation: { by: [...agents], weight: 1 },
  reopenConversation: { by: [...agents], weight: 1 },
  finalizeConversation: { by: ['ada', 'dana'], weight: 1 },
  subject: {
    mutation: 'updateConversation',
    by: agents,
    weight: 1,
    input: ({ text: words }) => ({ subject: words }),
  },
  updateWorkspace: { by: ['ada'], weight: 1, input: ({ text: name }) => ({ name }), about: 'WORKSPACE' },
  createAgent: {
    by: ['ada'],
    weight: 1,
    input: ({ chance }) => ({ displayName: 'Gil', email: `gil.${chance}@example.test` }),
    about: 'WORKSPACE',
  },
  // Of somebody who was created before, if anybody was.
  deactivateAgent: {
    by: ['ada'],
    weight: 1,
    input: async (_, { apps, cast }) => {
      const [agent] = await apps[0].world.database.read<{ id: string }>(sql`
        select id from actors where workspace_id in (${cast.acme}, ${cast.globex}) and display_name = 'Gil'
        order by id limit 1`);
      return { agentId: agent?.id ?? 'none' };
    },
    about: 'WORKSPACE',
  },
  // Of somebody who takes part in nothing: what a stream of states told of them would not be told again.
  updateAgent: {
    by: ['ada'],
    weight: 1,
    input: ({ text: displayName }, { people }) => ({ agentId: people.fay.id, displayName }),
    about: 'WORKSPACE',
  },
};

/** Mutations that no history uses, and why. */
export const notInHistories: Record<string, string> = {
  signIn: 'its answer is a token, which is signed anew each time; it shows nothing of any conversation',
  registerPushSubscription: 'what it registers shows in pushes alone, which leave towards its owner',
  removePushSubscription: 'the same',
  setPassword: 'its answer is empty whatever it is; hashing would take most of the time',
};

/** What is no mutation: time that passes with its timers, and an observer that comes back, perhaps to another node. */
export const events: Record<string, { weight: number }> = { time: { weight: 2 }, reconnect: { weight: 1 } };

const translations: Record<Owner, Partial<Record<Who, Who>>> = {
  dana: {},
  eli: { dana: 'eli' },
  ivy: { dana: 'ivy', bot: 'globot', ada: 'gus', ben: 'gus', cleo: 'gus', fay: 'gus', crm: 'gus' },
};
/** Whoever it is in the place of Acme's people and Dana where the conversation is another's. */
const asOwnersPeople = (who: Who, of: Owner): Who => translations[of][who] ?? who;

/** Histories over the conversations of these owners, one as often as it is named. */
export function historiesOf(of: readonly Owner[], maxLength: number): fc.Arbitrary<Step[]> {
  const kinds = [...Object.entries(deeds), ...Object.entries(events)].map(([does, { weight, ...deed }]) => ({
    weight,
    arbitrary: fc
      .record({
        by: fc.constantFrom<Who>(...('by' in deed ? (deed as Deed).by : ['ada' as const])),
        does: fc.constant(does),
        of: fc.constantFrom<Owner>(...of),
        at: fc.constantFrom(0, 0, 0, 1),
        text: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
        chance: fc.nat(1000),
      })
      .map((step): Step[] => {
        const first = { ...step, by: asOwnersPeople(step.by, step.of) };
        const { next } = deeds[does] ?? {};
        return next ? [first, { ...first, does: next.does, by: asOwnersPeople(next.by, step.of) }] : [first];
      }),
  }));
  return fc.array(fc.oneof(...kinds), { minLength: 4, maxLength }).map((steps) => steps.flat());
}

/** In the third world another colleague does it, in other words of another length. Nobody else may write a note for them:
 * its author may be watching. */
const colleagues: Partial<Record<Who, Who>> = { ada: 'cleo', ben: 'ada', cleo: 'ben' };
export const inOtherWords = (step: Step): Step => ({
  ...step,
  by: deeds[step.does]?.part === 'NOTE' ? step.by : (colleagues[step.by] ?? step.by),
  text: `${step.text} and much more of it`,
  chance: step.chance + 1,
});
