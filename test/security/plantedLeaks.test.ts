import type { FastifyInstance } from 'fastify';
import sql from 'sql-template-tag';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Scene } from '../../src/actions/Scene.js';
import type * as Visibility from '../../src/auth/visibility.js';
import { Conversation } from '../../src/entities/Conversation.js';
import { forbidden, Refusal } from '../../src/errors.js';
import type * as AiConversation from '../../src/reads/aiConversation.js';
import type * as ConversationFilter from '../../src/reads/conversationFilter.js';
import type * as Cursors from '../../src/reads/cursors.js';
import type * as Page from '../../src/reads/page.js';
import type * as Timeline from '../../src/reads/timeline.js';
import type * as Http from '../../src/server/http.js';
import { stopSearching } from '../support/canaries.js';
import type { Step } from './deeds.js';
import { type Lattice, lattices, Theatre } from './lattices.js';
import type { Owner, Who } from './worlds.js';

/** Each of these is a mistake that somebody could make. It is made while its name stands here, and found by the harness. */
const { planted } = vi.hoisted(() => ({
  planted: { leak: null as string | null, hidden: false, whispersAt: new Map<number, number>() },
}));

const leakingIn = vi.hoisted(
  () => (leak: string, caller?: string) =>
    planted.leak === leak && (caller === undefined || new Error().stack!.includes(caller)),
);

vi.mock('graphile-worker', async (importOriginal) =>
  (await import('./jobsKnown.js')).withJobsKnown(await importOriginal()),
);

vi.mock('../../src/auth/visibility.js', async (importOriginal) => {
  const real = await importOriginal<typeof Visibility>();
  const all = () => sql`e.audience in ('EVERYONE', 'TEAM')`;
  return {
    ...real,
    participantSince: (viewer) => (leakingIn('participants') ? sql`p.joined_at` : real.participantSince(viewer)),
    mayReadMarkOf: (viewer, actorId) => leakingIn('read marks') || real.mayReadMarkOf(viewer, actorId),
    noticedVersion: (viewer) =>
      leakingIn('frames') || leakingIn('inbox', 'changedSince')
        ? sql`concat_ws('.', c.position, c.team_position)`
        : real.noticedVersion(viewer),
    mayNotice: (viewer, part) => leakingIn('frames') || leakingIn('inbox') || real.mayNotice(viewer, part),
    noticedTransaction: (viewer) =>
      leakingIn('inbox') ? sql`greatest(c.state_xid, c.team_xid)` : real.noticedTransaction(viewer),
    visibleConversations: (viewer) =>
      leakingIn('tenants', 'byIds')
        ? sql`true`
        : leakingIn('customers', 'list')
          ? sql`c.workspace_id = ${viewer.workspaceId}`
          : real.visibleConversations(viewer),
    visibleEntries: (viewer) => {
      if (leakingIn('notes')) return sql`true`;
      const leaks =
        leakingIn('entries') ||
        leakingIn('unread', 'unreadCount') ||
        leakingIn('node', 'visibleEntriesByIds') ||
        leakingIn('look-up of an entry', 'placeOf') ||
        leakingIn('empty frame', 'entriesAfter') ||
        (planted.hidden && viewer.kind === 'CUSTOMER');
      return leaks ? all() : real.visibleEntries(viewer);
    },
  } satisfies typeof Visibility;
});

vi.mock('../../src/reads/timeline.js', async (importOriginal) => {
  const real = await importOriginal<typeof Timeline>();
  return {
    ...real,
    // Statements are put together before the first wait, so `hidden` stands just for this one.
    entryPages: async (...args) => {
      const [database, viewer, list, page, wanted, ids] = args;
      if (!['limit before filter', 'hasNextPage'].includes(planted.leak ?? '')) return real.entryPages(...args);
      planted.hidden = true;
      const unfiltered = real.entryPages(database, viewer, list, page, wanted, ids);
      planted.hidden = false;
      const proper = await real.entryPages(...args);
      for (const [id, rows] of await unfiltered) {
        if (planted.leak === 'hasNextPage') Object.assign(proper.get(id)!, { more: rows.length > page.limit });
        else
          proper.set(
            id,
            rows.filter(({ audience }) => viewer.kind !== 'CUSTOMER' || audience === 'EVERYONE'),
          );
      }
      return proper;
    },
    entriesAfter: async (...args) => {
      const rows = await real.entriesAfter(...args);
      if (planted.leak !== 'empty frame') return rows;
      return rows.map((row) => (row.audience === 'EVERYONE' ? row : { ...row, id: null as never, text: null }));
    },
    visibleEntriesByIds: async (...args) => {
      const rows = await real.visibleEntriesByIds(...args);
      if (planted.leak !== 'forbidden') return rows;
      const there = await args[0].read(sql`select from entries e where e.id = any(${[...args[2]]})`);
      if (there.length > rows.length) throw forbidden();
      return rows;
    },
  } satisfies typeof Timeline;
});

vi.mock('../../src/reads/page.js', async (importOriginal) => {
  const real = await importOriginal<typeof Page>();
  return {
    ...real,
    connection: (rows, request, cursorOf) => {
      const page = real.connection(rows, request, cursorOf);
      if ((rows as { more?: boolean }).more) page.pageInfo.hasNextPage = true;
      return page;
    },
  } satisfies typeof Page;
});

vi.mock('../../src/reads/cursors.js', async (importOriginal) => {
  const real = await importOriginal<typeof Cursors>();
  return {
    ...real,
    conversationCursor: (row) =>
      leakingIn('list cursor')
        ? `${real.conversationCursor(row)}${'='.repeat((row as { teamPosition?: number }).teamPosition ?? 0)}`
        : real.conversationCursor(row),
  } satisfies typeof Cursors;
});

vi.mock('../../src/reads/conversationFilter.js', async (importOriginal) => {
  const real = await importOriginal<typeof ConversationFilter>();
  return {
    ...real,
    matchesFilter: (viewer, filter) =>
      leakingIn('filter') && filter
        ? sql`${real.matchesFilter(viewer, filter)} and not exists (
            select from entries e where e.conversation_id = c.id and e.audience = 'TEAM' and e.type = 'WHISPER')`
        : real.matchesFilter(viewer, filter),
  } satisfies typeof ConversationFilter;
});

vi.mock('../../src/reads/aiConversation.js', async (importOriginal) => {
  const real = await importOriginal<typeof AiConversation>();
  return {
    spokenLines: async (database, turnId) => {
      const spoken = await real.spokenLines(database, turnId);
      if (!leakingIn('model')) return spoken;
      const whispers = await database.read<{ text: string }>(sql`
        select e.text from entries e join ai_turns t on t.conversation_id = e.conversation_id
        where t.id = ${turnId} and e.type = 'WHISPER' order by e.team_position`);
      const lines = whispers.map(({ text }) => ({ by: 'human' as const, text, isUnanswered: false }));
      return { ...spoken, lines: [...spoken.lines, ...lines] };
    },
  } satisfies typeof AiConversation;
});

vi.mock('../../src/server/http.js', async (importOriginal) => {
  const real = await importOriginal<typeof Http>();
  return {
    ...real,
    createHttp: async (...args) => {
      const http: FastifyInstance = await real.createHttp(...args);
      http.addHook('onSend', async (request, reply) => {
        if (leakingIn('header'))
          void reply.header('etag', `"${planted.whispersAt.get(request.socket.localPort!) ?? 0}"`);
      });
      return http;
    },
  } satisfies typeof Http;
});

let theatre: Theatre;
beforeAll(async () => {
  // Here they are let out, and it is the comparison that must find them.
  stopSearching();
  theatre = await Theatre.open();
});
afterAll(() => theatre.close());
afterEach(() => {
  planted.leak = null;
  planted.whispersAt.clear();
  for (const { script } of theatre.worlds) script.counts = false;
  vi.restoreAllMocks();
});

const step = (by: Who, does: string, text = '', { at = 0, of = 'dana' as Owner, chance = 0 } = {}): Step => ({
  by,
  does,
  of,
  at,
  text,
  chance,
});
const how = { pageSizes: [1, 2], everyCursor: false };

const customer = lattices['a customer and an AI agent, and what is the team’s'];
const integration = lattices['an integration without WHISPERS_READ, and whispers, notes, joins and leaves'];
const colleagues = lattices['an agent, an admin and an integration with all scopes, and a colleague’s notes'];
const tenants = lattices['everybody of one workspace, and another workspace'];
const customers = lattices['a customer, and another customer'];
const model = lattices['the model of the built-in AI agent, and what is the team’s'];

const whispering = [
  step('ben', 'takeOverConversation'),
  step('cleo', 'whisper', 'Careful with this one.'),
  step('dana', 'said by the customer', 'Are you there?'),
  step('ada', 'whisper', 'She has called twice.'),
  step('ben', 'said by an agent', 'Yes.'),
  step('cleo', 'whisper', 'Good.'),
];
const waiting = [...whispering, step('ada', 'time', '', { chance: 1 })];
const comingBack = [...whispering, step('dana', 'reconnect')];
const reading = [step('ben', 'takeOverConversation'), step('ben', 'read by an agent')];
const noting = [step('fay', 'note', 'Ask her for a raise.'), step('dana', 'said by the customer', 'Hm.')];
const elsewhere = [step('ivy', 'said by the customer', 'Hello!', { of: 'ivy' })];
const another = [step('eli', 'said by the customer', 'Hello!', { of: 'eli' })];
const asking = [step('cleo', 'whisper', 'She is a spy.'), step('dana', 'said by the customer', 'Who am I?')];

const tellingApart = (history: readonly Step[], lattice: Lattice) =>
  expect(theatre.live(history, lattice, how)).rejects;

describe('a leak is found', () => {
  test.each<[string, Step[], Lattice]>([
    ['the customer', [...waiting, step('dana', 'reconnect')], customer],
    ['an integration', whispering, integration],
    ['an agent’s own', noting, colleagues],
    ['another workspace', elsewhere, tenants],
    ['another customer', another, customers],
    ['the model', asking, model],
  ])('none is there as the server is: %s', async (_, history, lattice) => {
    await expect(theatre.live(history, lattice, how)).resolves.toBeUndefined();
  });

  test.each<[string, string, Step[], Lattice]>([
    ['pages that are cut before they are filtered', 'limit before filter', whispering, customer],
    ['a hasNextPage that counts whispers', 'hasNextPage', whispering, customer],
    ['an unreadCount that counts whispers', 'unread', whispering, customer],
    ['a filter that looks at whispers', 'filter', whispering, customer],
    ['a frame of a stream for every whisper', 'frames', whispering, customer],
    ['an empty frame in the place of a whisper', 'empty frame', comingBack, customer],
    ['participants who have only whispered', 'participants', whispering, customer],
    ["the team's entries in lists and streams", 'entries', whispering, customer],
    ['a whisper that is found by its id', 'node', whispering, customer],
    ['a whisper that can be named where an entry is', 'look-up of an entry', whispering, customer],
    ['FORBIDDEN for what is there, and nothing for what is not', 'forbidden', whispering, customer],
    ['a cursor of a list that counts whispers', 'list cursor', whispering, customer],
    ['when the team has read', 'read marks', reading, customer],
    ['a whisper in what the AI agent is handed', 'model', asking, model],
    ['an inbox that moves by what its reader may not see', 'inbox', whispering, integration],
    ["a colleague's notes", 'notes', noting, colleagues],
    ['a conversation of another workspace, by its id', 'tenants', elsewhere, tenants],
    ["another customer's conversations in the list", 'customers', another, customers],
  ])('%s', async (_, leak, history, lattice) => {
    planted.leak = leak;
    await tellingApart(history, lattice).toThrow('can tell world 0 from world 1');
  });

  test('a header that counts whispers', async () => {
    const { whisper } = Scene.prototype;
    vi.spyOn(Scene.prototype, 'whisper').mockImplementation(function (this: Scene, ...args) {
      const { apps } = theatre.worlds.find(({ script }) => script === this.world.ids)!;
      const port = Number(new URL(apps[0].url).port);
      planted.whispersAt.set(port, (planted.whispersAt.get(port) ?? 0) + 1);
      return whisper.apply(this, args);
    });
    planted.leak = 'header';
    await tellingApart(whispering, customer).toThrow('can tell world 0 from world 1');
  });

  test('one sequence of positions for everybody', async () => {
    const { takePlace } = Conversation.prototype;
    vi.spyOn(Conversation.prototype, 'takePlace').mockImplementation(function (
      this: Conversation,
      audience,
      at,
      notes,
    ) {
      if (audience === 'TEAM') this.position += 1;
      return takePlace.call(this, audience, at, notes);
    });
    await tellingApart(whispering, customer).toThrow('can tell world 0 from world 1');
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
    await tellingApart(whispering, customer).toThrow('can tell world 0 from world 1');
  });

  test.each<[string, (conversation: Conversation, id: string, now: Date) => void]>([
    ['a last message that may be a whisper', (conversation, id) => Object.assign(conversation, { lastMessageId: id })],
    [
      'a timer that a whisper puts off',
      (conversation, _, now) => Object.assign(conversation, { lastMessageAt: new Date(now.getTime() + 300_000) }),
    ],
  ])('%s', async (_, spoil) => {
    const { whisper } = Scene.prototype;
    vi.spyOn(Scene.prototype, 'whisper').mockImplementation(function (this: Scene, ...args) {
      const entry = whisper.apply(this, args);
      spoil(this.conversation, entry.id, this.now);
      return entry;
    });
    await tellingApart(waiting, customer).toThrow('can tell world 0 from world 1');
  });

  test('a refusal in words that count whispers', async () => {
    const { require } = Scene.prototype;
    vi.spyOn(Scene.prototype, 'require').mockImplementation(function (this: Scene, ...args) {
      try {
        require.apply(this, args);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        const { code, path, details, message } = refusal;
        throw new Refusal(code, path, details, `${message} (${this.conversation.teamPosition})`);
      }
    });
    const history = [...whispering, step('bot', 'said by the AI agent', 'I am still here.')];
    await tellingApart(history, customer).toThrow('can tell world 0 from world 1');
  });

  test('an id that counts what was written before it', async () => {
    for (const { script } of theatre.worlds) script.counts = true;
    const heard = [...whispering, step('ben', 'takeOverConversation', '', { at: 1 })];
    await tellingApart(heard, customer).toThrow('can tell world 0 from world 1');
  });

  test('words of another length, to somebody who may know that there were some', async () => {
    const { whisper } = Scene.prototype;
    vi.spyOn(Scene.prototype, 'whisper').mockImplementation(function (this: Scene, text, mentionIds) {
      this.conversation.tags = [`${text.length}`];
      this.conversation.teamVersion += 1;
      return whisper.call(this, text, mentionIds);
    });
    await tellingApart(whispering, integration).toThrow('can tell world 0 from world');
  });
});
