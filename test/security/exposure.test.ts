import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { print } from 'graphql';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TimelineItemAddedDocument } from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { RawSocket } from '../support/RawSocket.js';
import { post, send } from './http.js';
import { connectTo, statusOf } from './rawHttp.js';

let app: TestApp;
let cast: Cast;
let conversationId: string;
/** The lines of the log, as an operator reads them. */
const logged: string[] = [];
beforeAll(async () => {
  app = await startTestApp({}, { log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }) });
  cast = await castOf(app);
  const start = 'mutation { startConversation(input: { text: "Hello?" }) { conversation { id } } }';
  conversationId = (await cast.dana.ask(start)).startConversation.conversation.id;
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});

const ofDatabase = (statement: string) => app.world.database.pool.query(statement);

/** Each takes something away from the database, as a failed migration or a full disk would, and gives it back. */
const failures: [string, string, string][] = [
  ['a table is gone', 'alter table entries rename to gone', 'alter table gone rename to entries'],
  [
    'a column is gone',
    'alter table entries rename column text to gone',
    'alter table entries rename column gone to text',
  ],
  [
    'a constraint refuses',
    `alter table entries add constraint secret_name check (text not like 'Refused%') not valid`,
    'alter table entries drop constraint secret_name',
  ],
  [
    'a trigger refuses',
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'secret_name: disk full'; end $$;
     create trigger refuse before insert on entries execute function refuse()`,
    'drop function refuse cascade',
  ],
];
const telling = /secret_name|gone|refuse|constraint|relation|insert into|select |entries|disk|\.[tj]s|node_modules/i;

describe.each(failures)('while %s', (_, takeAway, giveBack) => {
  const write = `mutation ($id: ID!) { sendMessage(input: { conversationId: $id, text: "Refused, too." }) { errors { code } } }`;
  const read =
    'query ($id: ID!) { conversation(id: $id) { timeline(last: 5) { edges { node { ... on Message { text } } } } } }';

  test('both transports say so in no words but ours, with the id under which the log has the cause (H13)', async () => {
    await ofDatabase(takeAway);
    const socket = await RawSocket.of(cast.dana, app.url);
    try {
      const answers = [
        await post(app.url, cast.dana.token, { query: write, variables: { id: conversationId } }),
        await post(app.url, cast.dana.token, { query: read, variables: { id: conversationId } }),
      ];
      const failed = answers.filter(({ errors }) => errors.length > 0);
      expect(failed.length).toBeGreaterThan(0);
      for (const { status, errors, text, headers } of failed) {
        expect(status).toBe(200);
        expect(errors).toHaveLength(1);
        const { message, extensions } = errors[0]!;
        const requestId = headers.get('x-request-id')!;
        expect({ message, extensions }).toEqual({
          message: 'Something went wrong on our side.',
          extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
        });
        expect(text).not.toMatch(telling);
        const line = logged.find((one) => one.includes(requestId) && one.includes('an operation failed'));
        expect(JSON.parse(line!).error.message).toMatch(/secret_name|does not exist/);
      }
      socket.subscribe('1', print(TimelineItemAddedDocument), { conversationId, after: '' });
      socket.subscribe('2', 'subscription { nothing }');
      await socket.frames.next(({ id }) => id === '2');
      for (const frame of socket.texts.slice(1)) expect(frame).not.toMatch(telling);
    } finally {
      socket.drop();
      await ofDatabase(giveBack);
    }
  });
});

describe('an answer', () => {
  test('has nothing beside data and errors: no traces, costs or cache hints (H15)', async () => {
    const extensions = { tracing: true, cost: true, cacheControl: true, explain: true };
    for (const [token, query] of [
      [cast.ada.token, '{ viewer { actor { id } } conversations { edges { node { id } } } }'],
      [cast.dana.token, '{ viewer { actor { id } } conversations(filter: { tag: "x" }) { edges { cursor } } }'],
      [null, '{ __typename }'],
      [null, '{ nonsense }'],
    ] as const) {
      const { text, headers } = await post(app.url, token, { query, extensions });
      expect(Object.keys(JSON.parse(text)).filter((key) => !['data', 'errors'].includes(key))).toEqual([]);
      for (const name of ['server', 'x-powered-by', 'cache-control', 'etag', 'age', 'set-cookie']) {
        expect([name, headers.get(name)]).toEqual([name, null]);
      }
    }
  });

  test('of the health pages names nobody, whoever asks (H20)', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      const headers = { authorization: `Bearer ${cast.ada.token}` };
      const { text } = await send(app.url, { path, headers });
      const { status, ...more } = JSON.parse(text);
      expect(status).toBe('ok');
      expect(new Set(Object.values(more))).toEqual(path === '/health/ready' ? new Set(['ok', 'off']) : new Set());
      expect((await send(app.url, { path })).text).toBe(text);
    }
    for (const path of ['/metrics', '/health', '/debug', '/.env', '/status', '/graphql/schema', '/schema.graphql']) {
      expect([path, (await send(app.url, { path })).status]).toEqual([path, 404]);
    }
  });
});

describe('a node that stops', () => {
  test('says that it is not ready to whoever still has a connection (H20)', async () => {
    const leaving = await startTestApp({ LOG_LEVEL: 'silent' });
    const people = await castOf(leaving);
    const { startConversation } = await people.dana.ask(
      'mutation { startConversation(input: { text: "Hello?" }) { conversation { id } } }',
    );
    const lock = new Client({ connectionString: leaving.databaseUrl });
    await lock.connect();
    await lock.query('begin');
    await lock.query('select from conversations for update');
    const say = `mutation { sendMessage(input: { conversationId: "${startConversation.conversation.id}", text: "Bye" }) { errors { code } } }`;
    const inFlight = post(leaving.url, people.dana.token, { query: say });
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually(
      async () => (await lock.query(waiting)).rowCount,
      (count) => count === 1,
    );
    const probe = connectTo(leaving.url);
    await once(probe, 'connect');
    probe.write('GET /health/ready HTTP/1.1\r\n');
    // It has been read by the time that a later request is answered.
    await send(leaving.url, { path: '/health/live' });
    const closed = leaving.close();
    probe.write('Host: 127.0.0.1\r\n\r\n');
    const answer = await text(probe);
    expect(statusOf(answer)).toBe(503);
    expect(answer).toContain('{"status":"draining","database":"ok","bells":"ok","mail":"off"}');
    await lock.end();
    expect((await inFlight).status).toBe(200);
    await people.leave();
    await closed;
  });
});
