import { describe, expect, test } from 'vitest';
import {
  HandBackConversationDocument,
  JoinConversationDocument,
  ResolveConversationDocument,
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
  TimelineItemAddedDocument,
} from '../operations/generated.js';
import { conversationOf, does, gist, gists, joins, newStage, says, timelineOf, whispers } from '../support/stories.js';

const stage = newStage({ RATE_BURST: '1000000' });

const times = <T>(count: number, make: (nr: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, nr) => make(nr)));

describe('at the same instant', () => {
  test('of fifty take-overs one agent wins, and there is one event (F1)', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const answers = await times(50, (nr) =>
      (nr % 2 ? ben : cleo).ask(TakeOverConversationDocument, { input: { conversationId } }),
    );
    const payloads = answers.map(({ takeOverConversation }) => takeOverConversation);
    expect(payloads.flatMap(({ timelineEdges }) => timelineEdges)).toHaveLength(1);
    const refusals = payloads.flatMap(({ errors }) => errors);
    expect(refusals).toHaveLength(25);
    const { assignee } = await conversationOf(dana, conversationId);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'ALREADY_ASSIGNED', assignee });
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Where is my parcel?', 'TAKEN_OVER']);
  });

  test('fifty messages and whispers of four people are all there, once, without a gap, in one order for everybody (F8)', async () => {
    const { dana, ben, cleo, ada } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    for (const agent of [cleo, ada]) await joins(agent, conversationId);
    const screens = [dana, ben, cleo].map((person) =>
      person.follow(TimelineItemAddedDocument, { conversationId, after: '' }),
    );
    const before = await timelineOf(ben, conversationId);
    await times<unknown>(50, (nr) => {
      const person = [dana, ben, cleo, ada][nr % 4]!;
      return nr % 8 === 3 ? whispers(person, conversationId, `w${nr}`) : says(person, conversationId, `m${nr}`);
    });
    const team = await timelineOf(ben, conversationId);
    const added = team.slice(before.length);
    const expected = Array.from({ length: 50 }, (_, nr) => (nr % 8 === 3 ? `w${nr}` : `m${nr}`));
    expect(added.toSorted()).toEqual(expected.toSorted());
    const everyone = await timelineOf(dana, conversationId);
    expect(everyone).toEqual(team.filter((text) => !text.startsWith('w') && text !== 'JOINED'));
    for (const [nr, timeline] of [everyone, team, team].entries()) {
      const events = await screens[nr]!.take(timeline.length);
      expect(events.map(({ data }) => gist(data!.timelineItemAdded.node))).toEqual(timeline);
      screens[nr]!.stop();
    }
    const { rows } = await stage.app.world.database.pool.query<{ position: string }>(
      `select position from entries where conversation_id = $1 and audience = 'EVERYONE' order by position`,
      [conversationId],
    );
    expect(rows.map(({ position }) => Number(position))).toEqual(everyone.map((_, nr) => nr + 1));
  });

  test('a reply of the AI agent and a take-over: never a word of it after a person has come, in a hundred runs (F2)', async () => {
    const { dana, ben, bot } = stage.cast;
    const runs = Array.from({ length: 100 }, (_, nr) => nr);
    for (let first = 0; first < runs.length; first += 10) {
      await times(10, async (nr) => {
        const conversationId = await stage.startedBy(dana);
        const aiTurnId = await stage.turnOf(conversationId);
        const reply = () => bot.ask(SendMessageDocument, { input: { conversationId, text: 'Reply', aiTurnId } });
        const takeOver = () => does(ben, TakeOverConversationDocument, { conversationId });
        const [replied] = nr % 2 ? await Promise.all([reply(), takeOver()]) : await swapped(takeOver, reply);
        const { errors } = replied.sendMessage;
        const told = (await timelineOf(dana, conversationId)).slice(2);
        if (errors.length === 0) expect(told).toEqual(['Reply', 'TAKEN_OVER']);
        else {
          expect(errors[0]?.code).toBe('AI_PAUSED');
          expect(told).toEqual(['TAKEN_OVER']);
        }
      });
    }
  });

  test('resolving and writing leave it open with the message last, or resolved after the message', async () => {
    const { dana, ben } = stage.cast;
    await times(30, async (nr) => {
      const conversationId = await stage.takenOverBy(ben);
      const resolve = () => does(ben, ResolveConversationDocument, { conversationId });
      const write = () => says(dana, conversationId, 'Wait');
      await (nr % 2 ? Promise.all([resolve(), write()]) : Promise.all([write(), resolve()]));
      const told = (await timelineOf(dana, conversationId)).slice(3);
      const { status } = await conversationOf(dana, conversationId);
      expect([
        { status: 'OPEN', told: ['RESOLVED', 'REOPENED', 'Wait'] },
        { status: 'RESOLVED', told: ['Wait', 'RESOLVED'] },
      ]).toContainEqual({ status, told });
    });
  });

  test.each(['40P01', '40001'])(
    'what PostgreSQL gives up with %s is tried again, and written once (F20)',
    async (code) => {
      const { dana } = stage.cast;
      const conversationId = await stage.startedBy(dana);
      const { pool } = stage.app.world.database;
      // A sequence is not rolled back: the first three times fail, and no later one.
      await pool.query(`
      create sequence collisions;
      create function collide() returns trigger language plpgsql as $$
        begin
          if nextval('collisions') <= 3 then raise exception 'met another' using errcode = '${code}'; end if;
          return new;
        end $$;
      create trigger collide before insert on entries for each row execute function collide()`);
      await says(dana, conversationId, 'Once');
      await pool.query('drop function collide cascade; drop sequence collisions');
      expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Where is my parcel?', 'Once']);
    },
  );

  test('two hand-backs are one, and both succeed', async () => {
    const { ada, ben } = stage.cast;
    await times(10, async () => {
      const conversationId = await stage.takenOverBy(ben);
      const answers = await Promise.all(
        [ada, ben].map((agent) => does(agent, HandBackConversationDocument, { conversationId })),
      );
      for (const { conversation } of answers) expect(conversation).toMatchObject({ handling: 'AI', assignee: null });
      expect(answers.flatMap(({ timelineEdges }) => gists(timelineEdges))).toEqual(['HANDED_BACK']);
    });
  });

  test('joining many times is joining once', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const answers = await times(10, () => does(cleo, JoinConversationDocument, { conversationId }));
    expect(answers.flatMap(({ timelineEdges }) => gists(timelineEdges))).toEqual(['JOINED']);
  });

  test('a message that comes twice from its channel is one message', async () => {
    const { dana, crm } = stage.cast;
    await times(10, async (nr) => {
      const conversationId = await stage.startedBy(dana);
      const input = { conversationId, text: 'By mail', onBehalfOfCustomer: true, externalId: `mail-${nr}` };
      const [one, two] = await times(2, () => does(crm, SendMessageDocument, input));
      expect(one!.message!.id).toBe(two!.message!.id);
      expect((await timelineOf(dana, conversationId)).filter((text) => text === 'By mail')).toHaveLength(1);
    });
  });

  test('a message that comes twice from its channel into two conversations is one message (F20)', async () => {
    const { dana, crm } = stage.cast;
    await times(10, async (nr) => {
      const ids = [await stage.startedBy(dana), await stage.startedBy(dana)];
      const input = { text: 'By mail', onBehalfOfCustomer: true, externalId: `lost-${nr}` };
      const [one, two] = await Promise.all(
        ids.map((conversationId) => does(crm, SendMessageDocument, { ...input, conversationId })),
      );
      expect(one!.message!.id).toBe(two!.message!.id);
    });
  });

  test('a first message that comes twice from its channel starts one conversation', async () => {
    const { eli, crm } = stage.cast;
    await times(10, async (nr) => {
      const input = { customerId: eli.id, text: 'By mail', externalId: `first-${nr}` };
      const [one, two] = await times(2, () => does(crm, StartConversationDocument, input));
      expect(one!.conversation!.id).toBe(two!.conversation!.id);
    });
  });
});

/** Both at once, the second sent first. */
async function swapped<A, B>(second: () => Promise<A>, first: () => Promise<B>): Promise<[B, A]> {
  const [a, b] = await Promise.all([second(), first()]);
  return [b, a];
}
