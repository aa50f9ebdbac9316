import sql from 'sql-template-tag';
import { describe, expect, test } from 'vitest';
import { abilities } from '../../src/auth/policies.js';
import {
  CanDocument,
  CreateTicketDocument,
  FinalizeConversationDocument,
  HandBackConversationDocument,
  JoinConversationDocument,
  LeaveConversationDocument,
  ReopenConversationDocument,
  RequestHumanDocument,
  ResolveConversationDocument,
  SendMessageDocument,
  TakeOverConversationDocument,
  TransferConversationDocument,
  UpdateConversationDocument,
  UpdateWorkspaceDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { setDefaultAiAgent } from '../support/cast.js';
import type { AnyMutation } from '../support/mutations.js';
import type { Person } from '../support/Person.js';
import { asksForHuman, does, finalizes, handsBack, newStage, resolves, says } from '../support/stories.js';
import { offered } from '../support/transfers.js';

const stage = newStage({ RATE_BURST: '1000000' });

const mutations: Record<keyof typeof abilities, AnyMutation> = {
  sendMessage: SendMessageDocument,
  whisper: WhisperDocument,
  takeOver: TakeOverConversationDocument,
  handBack: HandBackConversationDocument,
  requestHuman: RequestHumanDocument,
  join: JoinConversationDocument,
  leave: LeaveConversationDocument,
  transfer: TransferConversationDocument,
  createTicket: CreateTicketDocument,
  resolve: ResolveConversationDocument,
  reopen: ReopenConversationDocument,
  finalize: FinalizeConversationDocument,
  update: UpdateConversationDocument,
};
type Ability = keyof typeof mutations;

const names = ['dana', 'ada', 'ben', 'cleo', 'bot', 'crm', 'reader'] as const;
type Name = (typeof names)[number];

async function withoutAiAgent(story: () => Promise<string>): Promise<string> {
  const { app, cast } = stage;
  await setDefaultAiAgent(app, cast.acme, null);
  const conversationId = await story();
  await setDefaultAiAgent(app, cast.acme, cast.bot.id);
  return conversationId;
}

/** Every way in which a conversation can be handled; Ben and Cleo are agents, Ada is an admin. */
const handlings: Record<string, () => Promise<string>> = {
  'an AI agent that owes an answer': () => stage.startedBy(stage.cast.dana),
  'an AI agent that has answered': async () => {
    const { dana, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    await does(bot, SendMessageDocument, { conversationId, text: 'On its way', aiTurnId });
    return conversationId;
  },
  'an AI agent after a hand-back with nothing to answer': async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(ben, conversationId, 'On its way');
    await handsBack(ben, conversationId);
    return conversationId;
  },
  Ben: () => stage.takenOverBy(stage.cast.ben),
  'Ben, who offers it to Cleo': async () => (await offered(stage)).conversationId,
  'Ada, an admin': () => stage.takenOverBy(stage.cast.ada),
  'Ben, where there is no AI agent': () => withoutAiAgent(() => stage.takenOverBy(stage.cast.ben)),
  'nobody, a person being asked for': () => stage.waitingForHuman(),
  'nobody, where there is no AI agent': () => withoutAiAgent(() => stage.startedBy(stage.cast.dana)),
  'nobody, a person being asked for, where there is no AI agent': () =>
    withoutAiAgent(async () => {
      const conversationId = await stage.startedBy(stage.cast.dana);
      await asksForHuman(stage.cast.dana, conversationId);
      return conversationId;
    }),
};

const statuses: Record<string, (conversationId: string) => Promise<unknown>> = {
  OPEN: async () => {},
  RESOLVED: (conversationId) => resolves(stage.cast.ada, conversationId),
  FINALIZED: async (conversationId) => {
    await resolves(stage.cast.ada, conversationId);
    await finalizes(stage.cast.ada, conversationId);
  },
};

/** All that decides what anybody may do there. */
async function standing(conversationId: string): Promise<unknown> {
  const rows = await stage.app.world.database.read(sql`
    select status, handling, assignee_id, ai_agent_id, needs_human_since is not null as needs_human,
      (select id from ai_turns t where t.conversation_id = c.id and closed_at is null) as turn,
      (select id from transfers x where x.conversation_id = c.id and status = 'PENDING') as offer
    from conversations c where id = ${conversationId}`);
  return rows[0];
}

async function can(person: Person, id: string): Promise<Record<Ability, string | null> | null> {
  const { conversation } = await person.ask(CanDocument, { id });
  if (conversation === null) return null;
  const entries = Object.entries(conversation.viewerCan) as [Ability, { allowed: boolean; refusal: string | null }][];
  for (const [, { allowed, refusal }] of entries) expect(allowed).toBe(refusal === null);
  return Object.fromEntries(entries.map(([ability, { refusal }]) => [ability, refusal])) as Record<
    Ability,
    string | null
  >;
}

async function inputOf(name: Name, ability: Ability, conversationId: string): Promise<object> {
  if (ability === 'update') return { conversationId, subject: 'New' };
  if (ability === 'createTicket') return { conversationId, title: 'Lost parcel' };
  if (ability === 'transfer') return { conversationId, toAgentId: stage.cast.cleo.id };
  if (ability === 'whisper') return { conversationId, text: 'Psst' };
  if (ability !== 'sendMessage' && ability !== 'requestHuman') return { conversationId };
  const text = ability === 'sendMessage' && { text: 'Hi' };
  if (name === 'bot') return { conversationId, ...text, aiTurnId: await stage.turnOf(conversationId) };
  return {
    conversationId,
    ...text,
    ...(text && (name === 'crm' || name === 'reader') && { onBehalfOfCustomer: true }),
  };
}

/** The code that the mutation refuses with, null when it is carried out. */
async function refusalOf(name: Name, ability: Ability, conversationId: string): Promise<string | null> {
  const input = await inputOf(name, ability, conversationId);
  const { data, errors } = await stage.cast[name].attempt(mutations[ability], { input: input as never });
  if (errors.length > 0) return errors[0]!.extensions.code;
  const [payload] = Object.values(data!) as [{ errors: { code: string }[] }];
  return payload.errors[0]?.code ?? null;
}

/** Does all that `viewerCan` speaks of, each in the situation that it spoke of: first what changes nothing. */
async function walk(story: () => Promise<string>): Promise<void> {
  let id = await story();
  let before = await standing(id);
  for (const name of names) {
    const promised = await can(stage.cast[name], id);
    if (promised === null) continue;
    const agrees = async (ability: Ability) =>
      expect(await refusalOf(name, ability, id), `${ability} of ${name}`).toBe(promised[ability]);
    const all = Object.keys(mutations) as Ability[];
    await Promise.all(all.filter((ability) => promised[ability] !== null).map(agrees));
    expect(await standing(id)).toEqual(before);
    for (const ability of all.filter((one) => promised[one] === null)) {
      await agrees(ability);
      if (JSON.stringify(await standing(id)) === JSON.stringify(before)) continue;
      id = await story();
      before = await standing(id);
    }
  }
}

const combinations = Object.keys(handlings).flatMap((handling) =>
  Object.keys(statuses).map((status) => [status, handling] as const),
);

describe('what a viewer can do is what the mutation then does,', () => {
  test.each(combinations)('%s, handled by %s', async (status, handling) => {
    await walk(async () => {
      const conversationId = await handlings[handling]!();
      await statuses[status]!(conversationId);
      return conversationId;
    });
  });

  test.each(['OPEN', 'RESOLVED', 'FINALIZED'])(
    '%s, handled by Ben, where only the assignee replies',
    async (status) => {
      const { ada, ben } = stage.cast;
      await does(ada, UpdateWorkspaceDocument, { replyPolicy: 'ASSIGNEE_ONLY' });
      await walk(async () => {
        const conversationId = await stage.takenOverBy(ben);
        await statuses[status]!(conversationId);
        return conversationId;
      });
      await does(ada, UpdateWorkspaceDocument, { replyPolicy: 'PARTICIPANTS' });
    },
  );

  test('once the AI agent’s turn has passed its deadline', async () => {
    const { app, cast } = stage;
    const conversationId = await stage.startedBy(cast.dana);
    await app.world.database.pool.query(
      `update ai_turns set expires_at = expires_at - interval '1 hour' where conversation_id = $1`,
      [conversationId],
    );
    for (const ability of ['sendMessage', 'requestHuman'] as const) {
      expect((await can(cast.bot, conversationId))![ability]).toBe('AI_TURN_CLOSED');
      expect(await refusalOf('bot', ability, conversationId)).toBe('AI_TURN_CLOSED');
    }
  });
});

describe('what a viewer can do', () => {
  test('differs as the contract says', async () => {
    const { dana, ada, ben, cleo, bot, crm } = stage.cast;
    const ofBen = await stage.takenOverBy(ben);
    expect(await can(dana, ofBen)).toMatchObject({ sendMessage: null, finalize: null, takeOver: 'FORBIDDEN' });
    expect(await can(ben, ofBen)).toMatchObject({ sendMessage: null, takeOver: null, leave: 'ASSIGNEE_MUST_TRANSFER' });
    expect(await can(cleo, ofBen)).toMatchObject({
      takeOver: 'ALREADY_ASSIGNED',
      resolve: 'NOT_ASSIGNEE',
      leave: null,
    });
    expect(await can(ada, ofBen)).toMatchObject({ takeOver: 'ALREADY_ASSIGNED', resolve: null, handBack: null });
    expect(await can(bot, ofBen)).toMatchObject({ sendMessage: 'AI_PAUSED', whisper: 'FORBIDDEN' });
    expect(await can(crm, ofBen)).toMatchObject({ sendMessage: null, requestHuman: 'FORBIDDEN' });
    const ofAi = await stage.startedBy(dana);
    expect(await can(ben, ofAi)).toMatchObject({ sendMessage: 'TAKE_OVER_REQUIRED', takeOver: null, handBack: null });
    expect(await can(bot, ofAi)).toMatchObject({ sendMessage: null, requestHuman: null });
  });

  test('is to offer nothing while an offer waits, and again from the moment that its time is up', async () => {
    const { ada, ben, cleo } = stage.cast;
    const { conversationId } = await offered(stage);
    for (const one of [ada, ben])
      expect(await can(one, conversationId)).toMatchObject({
        transfer: 'TRANSFER_PENDING',
        leave: one === ada ? null : 'ASSIGNEE_MUST_TRANSFER',
      });
    expect(await can(cleo, conversationId)).toMatchObject({ transfer: 'NOT_ASSIGNEE', leave: null });
    stage.app.clock.advance(301);
    expect(await can(ben, conversationId)).toMatchObject({ transfer: null });
    expect(await refusalOf('ben', 'transfer', conversationId)).toBeNull();
  });

  test('is nothing for who cannot see it', async () => {
    const { dana, eli, gus, ivy, globot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    for (const stranger of [eli, gus, ivy, globot]) expect(await can(stranger, conversationId)).toBeNull();
  });

  test('has all that a policy is written for', () => {
    expect(Object.keys(mutations).toSorted()).toEqual(Object.keys(abilities).toSorted());
  });
});
