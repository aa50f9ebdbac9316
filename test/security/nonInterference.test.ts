import fc from 'fast-check';
import sql from 'sql-template-tag';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Scene } from '../../src/actions/Scene.js';
import type * as Visibility from '../../src/auth/visibility.js';
import { Conversation } from '../../src/entities/Conversation.js';
import type { Person } from '../support/Person.js';
import {
  beginScenario,
  closeWorld,
  expectTheSame,
  lookEverywhere,
  Observer,
  startWorld,
  type World,
} from './worlds.js';

const { planted } = vi.hoisted(() => ({ planted: { leak: null as string | null } }));

vi.mock('../../src/auth/visibility.js', async (importOriginal) => {
  const real = await importOriginal<typeof Visibility>();
  const unless =
    <Args extends unknown[], T>(leak: string, whole: (...args: Args) => T, leaking: (...args: Args) => T) =>
    (...args: Args) =>
      (planted.leak === leak ? leaking : whole)(...args);
  return {
    ...real,
    participantSince: unless('participants', real.participantSince, () => sql`p.joined_at`),
    visibleEntries: unless('entries', real.visibleEntries, () => sql`e.audience in ('EVERYONE', 'TEAM')`),
    noticedVersion: unless('frames', real.noticedVersion, () => sql`concat_ws('.', c.position, c.team_position)`),
    mayNotice: unless('frames', real.mayNotice, () => true),
  };
});

type Who = 'ada' | 'ben' | 'cleo' | 'dana' | 'bot' | 'crm';
/** One action. `at` says in which conversation; `text` is what it writes, if it writes. */
interface Step {
  by: Who;
  does: string;
  at: 0 | 1;
  text: string;
}

/** What is the team's: purged from the world without it, and written by others in other words in the third. */
const whispers = ['whisper', 'note', 'joinConversation', 'leaveConversation', 'typeToTeam'];
const teamState = ['tags', 'priority', 'readByAgent', 'setAvailability'];

const byAgents = (...does: string[]) => ({
  by: fc.constantFrom<Who>('ada', 'ben', 'cleo'),
  does: fc.constantFrom(...does),
});
const where = {
  at: fc.constantFrom<0 | 1>(0, 0, 0, 1),
  text: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
};
const step = (weight: number, what: { by: fc.Arbitrary<Who>; does: fc.Arbitrary<string> }) => ({
  weight,
  arbitrary: fc.record<Step>({ ...where, ...what }),
});
const histories = fc.array(
  fc.oneof(
    step(8, byAgents('whisper', 'whisper', 'note', 'joinConversation', 'leaveConversation', 'typeToTeam')),
    step(3, byAgents('tags', 'priority', 'readByAgent', 'setAvailability')),
    step(3, {
      by: fc.constant('dana'),
      does: fc.constantFrom('sendMessage', 'sendMessage', 'readByCustomer', 'requestHuman'),
    }),
    step(
      3,
      byAgents('takeOverConversation', 'takeOverConversation', 'sendMessage', 'sendMessage', 'handBackConversation'),
    ),
    step(1, byAgents('resolveConversation', 'reopenConversation', 'subject')),
    step(2, { by: fc.constant('bot'), does: fc.constantFrom('answer', 'answer', 'askForHuman') }),
    step(1, { by: fc.constant('crm'), does: fc.constant('sendForCustomer') }),
  ),
  { minLength: 4, maxLength: 14 },
);

/** What a step says to the server. */
async function callOf({ by, does, text }: Step, { app }: World, conversationId: string): Promise<[string, object]> {
  switch (does) {
    case 'whisper':
      return ['whisper', { text }];
    case 'note':
      return ['whisper', { text, audience: 'SELF' }];
    case 'typeToTeam':
      return ['setTyping', { typing: true, audience: 'TEAM' }];
    case 'setAvailability':
      return [does, { availability: by === 'ada' ? 'AWAY' : 'OFFLINE', conversationId: undefined }];
    case 'tags':
      return ['updateConversation', { tags: ['vip', `of ${by}`] }];
    case 'priority':
      return ['updateConversation', { priority: by === 'ada' ? 'URGENT' : 'LOW' }];
    case 'subject':
      return ['updateConversation', { subject: text }];
    case 'readByAgent':
    case 'readByCustomer':
      return ['markConversationRead', {}];
    case 'sendMessage':
      return ['sendMessage', { text }];
    case 'sendForCustomer':
      return ['sendMessage', { text, onBehalfOfCustomer: true }];
    case 'takeOverConversation':
      return [does, { force: true }];
    case 'answer':
    case 'askForHuman': {
      const [turn] = await app.world.database.read<{ id: string }>(sql`
        select id from ai_turns where conversation_id = ${conversationId} order by opened_at desc, id limit 1`);
      const input = { text, aiTurnId: turn?.id ?? 'none' };
      return does === 'answer' ? ['sendMessage', input] : ['requestHuman', { ...input, reason: text }];
    }
    default:
      return [does, {}];
  }
}

/** In the third world another colleague does it, in other words of another length. */
const others: Partial<Record<Who, Who>> = { ada: 'cleo', ben: 'ada', cleo: 'ben' };
const inOtherWords = (one: Step): Step => ({
  ...one,
  by: others[one.by] ?? one.by,
  text: `${one.text} and much more of it`,
});

interface Lattice {
  watchers: (world: World) => Record<string, Person>;
  /** what they may not know of */
  hidden: readonly string[];
}
const lattices = {
  'a customer and an AI agent': {
    watchers: ({ cast: { dana, bot } }) => ({ dana, bot }),
    hidden: [...whispers, ...teamState],
  },
  'an integration without WHISPERS_READ': {
    watchers: ({ cast: { reader } }) => ({ reader }),
    hidden: whispers,
  },
} satisfies Record<string, Lattice>;

let worlds: World[];
let scenario = 0;
beforeAll(async () => {
  worlds = await Promise.all([startWorld(), startWorld(), startWorld()]);
});
afterAll(() => Promise.all(worlds.map(closeWorld)));
afterEach(() => {
  planted.leak = null;
  for (const { script } of worlds) script.counts = false;
  vi.restoreAllMocks();
});

/** Lives one history in the worlds without, with, and with other secrets. Throws if a watcher can tell them apart. */
async function live(
  history: readonly Step[],
  { watchers, hidden }: Lattice,
  pageSizes: readonly number[],
): Promise<void> {
  scenario += 1;
  const variants = [
    history.map((one) => (hidden.includes(one.does) ? null : one)),
    history,
    history.map((one) => (hidden.includes(one.does) ? inOtherWords(one) : one)),
  ];
  const lives = await Promise.all(worlds.map((world, nr) => liveIn(world, variants[nr]!, { watchers, hidden })));
  const ids = [...new Set(worlds.flatMap(({ script }) => [...script.made]))].sort();
  const seen = await Promise.all(
    lives.map(async ({ observers, conversationIds }) => {
      for (const observer of Object.values(observers)) {
        await lookEverywhere(observer, conversationIds, ids, pageSizes);
        await observer.roundTrip();
        observer.endStreams();
      }
      return Object.fromEntries(Object.entries(observers).map(([name, observer]) => [name, observer.seen]));
    }),
  );
  for (const name of Object.keys(seen[0]!))
    expectTheSame(
      name,
      seen.map((one) => one[name]!),
    );
}

async function liveIn(world: World, history: readonly (Step | null)[], { watchers, hidden }: Lattice) {
  const { script } = world;
  await beginScenario(world, scenario);
  const people = watchers(world);
  const names = Object.keys(people);
  const opened = await Promise.all(names.map((name) => Observer.of(people[name]!, world)));
  const observers = Object.fromEntries(names.map((name, nr) => [name, opened[nr]!]));
  const conversationIds: string[] = [];
  for (const at of [1, 2]) {
    script.enter(at);
    const query = 'mutation { startConversation(input: { text: "Hello?" }) { conversation { id } } }';
    conversationIds.push((await world.cast.dana.ask(query)).startConversation.conversation.id);
  }
  for (const [name, observer] of Object.entries(observers)) {
    for (const id of conversationIds) observer.follow(id);
    if (name === 'bot') observer.followTurns();
    if (name === 'reader') await observer.followInbox(world.app);
    await observer.catchUp();
  }
  for (const [nr, one] of history.entries()) {
    // Time passes in all worlds alike, also where the step is left out.
    script.enter(3 + nr);
    if (one === null) continue;
    const conversationId = conversationIds[one.at]!;
    const [mutation, input] = await callOf(one, world, conversationId);
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!`;
    const query = `mutation ($input: ${type}) { ${mutation}(input: $input) { errors { code message path } } }`;
    const variables = { input: { conversationId, ...input } };
    const own = observers[one.by];
    if (own) await own.sees(`step ${nr}`, query, variables);
    else await world.cast[one.by].raw(query, variables);
    for (const observer of opened) await (hidden.includes(one.does) ? observer.roundTrip() : observer.catchUp());
  }
  return { observers, conversationIds };
}

const runs = process.env.DEEP ? 300 : 5;

describe('what one sees does not depend on what one must not see', () => {
  test.each(Object.entries(lattices))(
    'for %s: random histories with and without secrets, and with other secrets, give the same bytes',
    async (_, lattice) => {
      await fc.assert(
        fc.asyncProperty(histories, async (history) => live(history, lattice, [1, 3])),
        { numRuns: runs, interruptAfterTimeLimit: 40_000 * Math.ceil(runs / 10), endOnFailure: !process.env.DEEP },
      );
      expect(scenario).toBeGreaterThan(0);
    },
    60_000 * Math.ceil(runs / 10),
  );
});

describe('when an agent reads what was whispered', () => {
  test('an integration that may not know of it sees no read mark move by it alone', async () => {
    const history: Step[] = [
      { by: 'ben', does: 'takeOverConversation', at: 0, text: '' },
      { by: 'ben', does: 'readByAgent', at: 0, text: '' },
      { by: 'cleo', does: 'whisper', at: 0, text: 'Careful with this one.' },
      { by: 'ben', does: 'readByAgent', at: 0, text: '' },
    ];
    await expect(live(history, lattices['an integration without WHISPERS_READ'], [1])).resolves.toBeUndefined();
  });
});

describe('a leak is found', () => {
  const history: Step[] = [
    { by: 'ben', does: 'takeOverConversation', at: 0, text: '' },
    { by: 'cleo', does: 'whisper', at: 0, text: 'Careful with this one.' },
    { by: 'dana', does: 'sendMessage', at: 0, text: 'Are you there?' },
    { by: 'ada', does: 'whisper', at: 0, text: 'She has called twice.' },
    { by: 'ben', does: 'sendMessage', at: 0, text: 'Yes.' },
    { by: 'cleo', does: 'whisper', at: 0, text: 'Good.' },
  ];
  const customer = lattices['a customer and an AI agent'];

  test('none is in this history as the server is', async () => {
    await expect(live(history, customer, [1, 2])).resolves.toBeUndefined();
  });

  test.each([
    ['participants who have only whispered', 'participants'],
    ["the team's entries in lists and streams", 'entries'],
    ['a frame of a stream for every whisper', 'frames'],
  ])('%s', async (_, leak) => {
    planted.leak = leak;
    await expect(live(history, customer, [1])).rejects.toThrow('can tell world 0 from world 1');
  });

  test('that somebody types a whisper', async () => {
    planted.leak = 'frames';
    const typed: Step[] = [history[0]!, { by: 'cleo', does: 'typeToTeam', at: 0, text: '' }];
    await expect(live(typed, customer, [1])).rejects.toThrow('can tell world 0 from world 1');
  });

  test('an updatedAt that whispers move', async () => {
    const { takePlace } = Conversation.prototype;
    vi.spyOn(Conversation.prototype, 'takePlace').mockImplementation(function (
      this: Conversation,
      audience,
      at,
      notes,
    ) {
      this.updatedAt = at;
      return takePlace.call(this, audience, at, notes);
    });
    await expect(live(history, customer, [1])).rejects.toThrow('can tell world 0 from world 1');
  });

  test('a last message that may be a whisper', async () => {
    const { whisper } = Scene.prototype;
    vi.spyOn(Scene.prototype, 'whisper').mockImplementation(function (this: Scene, text, mentionIds) {
      const entry = whisper.call(this, text, mentionIds);
      this.conversation.lastMessageId = entry.id;
      return entry;
    });
    await expect(live(history, customer, [1])).rejects.toThrow('can tell world 0 from world 1');
  });

  test('an id that counts what was written before it', async () => {
    for (const { script } of worlds) script.counts = true;
    const heard = [...history, { by: 'ben', does: 'takeOverConversation', at: 1, text: '' } satisfies Step];
    await expect(live(heard, customer, [1])).rejects.toThrow('can tell world 0 from world 1');
  });
});
