import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import sql from 'sql-template-tag';
import { describe, expect, test } from 'vitest';
import {
  AttachmentDocument,
  ConversationDocument,
  RequestUploadDocument,
  SendMessageDocument,
  StartConversationDocument,
  TimelineDocument,
  TimelineItemAddedDocument,
  UpdateWorkspaceDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { docx, jpeg, movingGif, pdf, png, putTo, requestsUpload, text, uploads } from '../support/files.js';
import { runDueJobs } from '../support/jobs.js';
import { Person } from '../support/Person.js';
import { conversationOf, does, newStage } from '../support/stories.js';

const stage = newStage();

const sends = (person: Person, conversationId: string, attachmentIds: string[], more: object = {}) =>
  does(person, SendMessageDocument, { conversationId, attachmentIds, ...more });
const bytesAt = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());

describe('a file', () => {
  test.each([
    ['a PNG', png, { contentType: 'image/png', image: { width: 640, height: 400 } }],
    ['a JPEG, as it is to be turned,', jpeg, { contentType: 'image/jpeg', image: { width: 300, height: 500 } }],
    ['a GIF that moves', movingGif, { contentType: 'image/gif', image: { width: 40, height: 30 } }],
    ['a PDF', async () => pdf(), { contentType: 'application/pdf', image: null }],
    ['a DOCX', async () => docx(), { image: null }],
    ['a text', async () => text(), { contentType: 'text/plain', image: null }],
  ])('%s is uploaded, sent with a message and downloaded as it was', async (_, made, expected) => {
    const { dana, ben } = stage.cast;
    const file = await made();
    const conversationId = await stage.startedBy(dana);
    const id = await uploads(dana, file);
    const { message } = await sends(dana, conversationId, [id], { text: 'Look.' });
    const [attachment] = message!.attachments;
    expect(attachment).toMatchObject({ id, fileName: file.fileName, byteSize: file.bytes.length, ...expected });
    const { conversation } = await ben.ask(TimelineDocument, { id: conversationId, last: 1 });
    const [edge] = conversation!.timeline.edges as any[];
    expect(edge.node.attachments).toMatchObject([{ id }]);
    for (const { url } of [attachment!, edge.node.attachments[0]]) expect(await bytesAt(url)).toEqual(file.bytes);
  });

  test('may be all that a message says, of a customer, an agent, an AI agent and an integration', async () => {
    const { dana, ben, bot, crm } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    const sent = [
      await sends(bot, conversationId, [await uploads(bot, pdf())], { aiTurnId }),
      await sends(crm, conversationId, [await uploads(crm, pdf())], {
        onBehalfOfCustomer: true,
        externalId: randomUUID(),
      }),
    ];
    const { message } = await sends(ben, await stage.takenOverBy(ben), [
      await uploads(ben, pdf()),
      await uploads(ben, text()),
    ]);
    for (const one of [...sent.map(({ message }) => message!), message!]) expect(one.text).toBe('');
    expect(sent[1]!.message!.actor.id).toBe(dana.id);
    expect(message!.attachments.map(({ fileName }) => fileName)).toEqual(['invoice.pdf', 'notes.txt']);
  });

  test('begins a conversation, and comes with its last message and in streams', async () => {
    const { dana, ben } = stage.cast;
    const id = await uploads(dana, await png());
    const { conversation, message } = await does(dana, StartConversationDocument, { attachmentIds: [id] });
    expect(message).toMatchObject({ text: '', attachments: [{ id }] });
    const stream = ben.follow(TimelineItemAddedDocument, { conversationId: conversation!.id, after: '' });
    const [, started] = await stream.take(2);
    expect(started!.data!.timelineItemAdded.node).toMatchObject({ attachments: [{ id, image: { width: 640 } }] });
    stream.stop();
    const inbox = `query ($id: ID!) { conversation(id: $id) { lastMessage { attachments { id url } } } }`;
    const { conversation: read } = await ben.ask(inbox, { id: conversation!.id });
    expect(read.lastMessage.attachments).toMatchObject([{ id }]);
  });

  test('is called by the last part of its name, without what cannot be seen, and keeps its ending', async () => {
    const { dana } = stage.cast;
    const names = {
      '../../etc/passwd': 'passwd',
      'C:\\Users\\dana\\bill.txt': 'bill.txt',
      'a\r\nContent-Type: text/html\r\n\r\n.txt': 'html.txt',
      'invoice\u202etxt.exe': 'invoicetxt.exe',
      'räksmörgås "1"; x=$(id).txt': 'räksmörgås "1"; x=$(id).txt',
      '💥.txt': '💥.txt',
      [`${'x'.repeat(400)}.txt`]: `${'x'.repeat(251)}.txt`,
    };
    const conversationId = await stage.startedBy(dana);
    const ids = [];
    for (const fileName of Object.keys(names)) ids.push(await uploads(dana, { ...text(), fileName }));
    const { message } = await sends(dana, conversationId, ids);
    expect(message!.attachments.map(({ fileName }) => fileName)).toEqual(Object.values(names));
    for (const { url } of message!.attachments) {
      const { headers } = await fetch(url);
      expect(headers.get('content-disposition')).toMatch(/^attachment; filename/);
      expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    }
    for (const fileName of ['a\0b', '', ' ', '../', '..', '\u202e', 'half \ud83d']) {
      const input = { fileName, contentType: 'text/plain', byteSize: 1 };
      expect(await stage.refusal(dana, RequestUploadDocument, input)).toMatchObject({
        code: 'INVALID_INPUT',
        path: ['fileName'],
      });
    }
  });
});

describe('room for a file', () => {
  const input = { fileName: 'a.txt', contentType: 'text/plain', byteSize: 10 };

  test('is refused for one that is too large, too small, or of no kind that is sent here', async () => {
    const { dana, ada } = stage.cast;
    const refusal = (more: object) => stage.refusal(dana, RequestUploadDocument, { ...input, ...more });
    const limit = 25 * 1024 * 1024;
    expect(await refusal({ byteSize: limit + 1 })).toMatchObject({ code: 'FILE_TOO_LARGE', path: ['byteSize'] });
    expect(await refusal({ byteSize: 0 })).toMatchObject({ code: 'INVALID_INPUT', path: ['byteSize'] });
    for (const contentType of ['text/html', 'image/svg+xml', 'application/javascript', 'application/zip', 'x', '*/*'])
      expect(await refusal({ contentType })).toMatchObject({ code: 'UNSUPPORTED_FILE_TYPE', path: ['contentType'] });
    await requestsUpload(dana, { ...text(), contentType: 'Text/Plain; charset=utf-8' }, limit);
    const update = await does(ada, UpdateWorkspaceDocument, { maxUploadBytes: 1024 });
    expect(update.workspace!.maxUploadBytes).toBe(1024);
    expect(await refusal({ byteSize: 1025 })).toMatchObject({ code: 'FILE_TOO_LARGE' });
    for (const maxUploadBytes of [1023, 1024 ** 3 + 1])
      expect(await stage.refusal(ada, UpdateWorkspaceDocument, { maxUploadBytes })).toMatchObject({
        code: 'INVALID_INPUT',
        path: ['maxUploadBytes'],
      });
    await does(ada, UpdateWorkspaceDocument, { maxUploadBytes: limit });
  });

  test('is the same room when it is asked for again with its key', async () => {
    const { dana } = stage.cast;
    const again = { ...input, idempotencyKey: randomUUID() };
    const [first, second] = [
      await does(dana, RequestUploadDocument, again),
      await does(dana, RequestUploadDocument, again),
    ];
    expect(second).toEqual(first);
  });

  test('is given to nobody a hundred times over', async () => {
    const { app, cast } = stage;
    const fay = await newPerson(app, app.url, cast.acme, 'Fay', { kind: 'CUSTOMER' });
    const answers = [];
    for (let nr = 0; nr < 101; nr++) answers.push(await fay.attempt(RequestUploadDocument, { input }));
    expect(answers.slice(0, 100).flatMap(({ errors }) => errors)).toEqual([]);
    expect(answers[100]!.errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
  });
});

describe('a file that is named', () => {
  const named = (conversationId: string, ...attachmentIds: string[]) => ({ conversationId, attachmentIds });

  test('and is not there, somebody else’s, or used already is NOT_FOUND, at its place', async () => {
    const { dana, eli, ben, gus } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const used = await uploads(dana, pdf());
    await sends(dana, conversationId, [used]);
    const good = await uploads(dana, pdf());
    const others = [await uploads(eli, pdf()), await uploads(ben, pdf()), await uploads(gus, pdf())];
    const nothing = ['', 'att_', 'x', conversationId, stage.app.world.ids.next('att'), good.toUpperCase()];
    for (const id of [used, ...others, ...nothing]) {
      const refusal = await stage.refusal(dana, SendMessageDocument, named(conversationId, good, id));
      expect([id, refusal]).toMatchObject([id, { code: 'NOT_FOUND', path: ['attachmentIds', '1'] }]);
    }
    const whisper = await stage.refusal(ben, WhisperDocument, named(conversationId, good));
    expect(whisper).toMatchObject({ code: 'NOT_FOUND', path: ['attachmentIds', '0'] });
    await sends(dana, conversationId, [good]);
  });

  test('and not uploaded yet is ATTACHMENT_NOT_READY, one that was refused UNSUPPORTED_FILE_TYPE', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const upload = await requestsUpload(dana, await png());
    const input = named(conversationId, upload.attachmentId);
    const path = ['attachmentIds', '0'];
    expect(await stage.refusal(dana, SendMessageDocument, input)).toMatchObject({ code: 'ATTACHMENT_NOT_READY', path });
    const { bytes } = await png();
    expect((await putTo(upload, Buffer.alloc(bytes.length, 'x'))).status).toBe(415);
    expect(await stage.refusal(dana, SendMessageDocument, input)).toMatchObject({
      code: 'UNSUPPORTED_FILE_TYPE',
      path,
    });
  });

  test('twice in one call, or as one of eleven, is INVALID_INPUT; so is neither text nor file', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const ids = [];
    for (let nr = 0; nr < 11; nr++) ids.push(await uploads(dana, text(`${nr}`)));
    for (const input of [named(conversationId, ids[0]!, ids[0]!), named(conversationId, ...ids)])
      expect(await stage.refusal(dana, SendMessageDocument, input)).toMatchObject({
        code: 'INVALID_INPUT',
        path: ['attachmentIds'],
      });
    expect(await stage.refusal(dana, SendMessageDocument, named(conversationId))).toMatchObject({
      code: 'INVALID_INPUT',
      path: ['text'],
    });
    await sends(dana, conversationId, ids.slice(0, 10));
  });

  test('in two messages at once is in one of them', async () => {
    const { dana } = stage.cast;
    const conversations = [await stage.startedBy(dana), await stage.startedBy(dana)];
    for (let round = 0; round < 5; round++) {
      const ids = [await uploads(dana, pdf()), await uploads(dana, text())];
      const answers = await Promise.all(
        conversations.map((conversationId, nr) =>
          dana.ask(SendMessageDocument, { input: named(conversationId, ...(nr === 0 ? ids : ids.toReversed())) }),
        ),
      );
      const codes = answers.map(({ sendMessage }) => sendMessage.errors.map(({ code }) => code).join());
      expect(codes.sort()).toEqual(['', 'NOT_FOUND']);
    }
  });

  test('in a call that is repeated, by its key or by an external id, is answered like the first time', async () => {
    const { dana, crm } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const byKey = { ...named(conversationId, await uploads(dana, pdf())), idempotencyKey: randomUUID() };
    const first = await does(dana, SendMessageDocument, byKey);
    expect((await does(dana, SendMessageDocument, byKey)).message!.id).toBe(first.message!.id);
    const relayed = { ...named(conversationId, await uploads(crm, pdf())), onBehalfOfCustomer: true, externalId: 'x1' };
    const relay = await does(crm, SendMessageDocument, relayed);
    expect((await does(crm, SendMessageDocument, relayed)).message!.id).toBe(relay.message!.id);
    expect(await stage.refusal(crm, SendMessageDocument, { ...relayed, externalId: 'x2' })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('who sees a file', () => {
  const nodeFor = async (person: Person, id: string) => (await person.ask(AttachmentDocument, { id })).node;

  test('is its uploader, until it is used; then whoever sees the entry', async () => {
    const { dana, eli, ada, ben, bot, crm, reader, gus } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const id = await uploads(dana, pdf());
    for (const person of [eli, ada, ben, bot, crm, reader, gus]) expect(await nodeFor(person, id)).toBeNull();
    expect(await nodeFor(dana, id)).toMatchObject({ id });
    await sends(dana, conversationId, [id]);
    for (const person of [dana, ada, ben, crm, reader, bot]) expect(await nodeFor(person, id)).toMatchObject({ id });
    for (const person of [eli, gus]) expect(await nodeFor(person, id)).toBeNull();
  });

  test('of a whisper is the team, of a note its author', async () => {
    const { dana, ada, ben, bot, crm, reader, gus } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const team = await uploads(ben, await png());
    const { whisper } = await does(ben, WhisperDocument, { conversationId, attachmentIds: [team] });
    expect(whisper).toMatchObject({ text: '', attachments: [{ id: team }] });
    const own = await uploads(ben, await png());
    await does(ben, WhisperDocument, { conversationId, attachmentIds: [own], audience: 'SELF' });
    for (const person of [ada, ben, crm]) expect(await nodeFor(person, team)).toMatchObject({ id: team });
    for (const person of [dana, bot, reader, gus]) expect(await nodeFor(person, team)).toBeNull();
    for (const person of [ada, dana, bot, crm, reader, gus]) expect(await nodeFor(person, own)).toBeNull();
    expect(await nodeFor(ben, own)).toMatchObject({ id: own });
  });

  test('changes nothing that the customer reads when it is the team’s', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await sends(dana, conversationId, [await uploads(dana, pdf())]);
    const look = async () => [
      await dana.raw(TimelineDocument, { id: conversationId, first: 50 }),
      await dana.raw(ConversationDocument, { id: conversationId }),
    ];
    const before = await look();
    await does(ben, WhisperDocument, { conversationId, attachmentIds: [await uploads(ben, pdf())] });
    expect(await look()).toEqual(before);
    expect((await conversationOf(dana, conversationId)).lastMessage!.text).toBe('');
  });
});

describe('after a day', () => {
  const forgets = async () => {
    await stage.app.world.database.read(sql`select graphile_worker.add_job('forget-old')`);
    await runDueJobs(stage.app);
  };
  const kept = async (id: string) =>
    (await readdir(stage.app.filesFolder, { recursive: true })).filter((path) => path.includes(id));

  test('what was uploaded and not used is gone with its file, what was used stays', async () => {
    const { app, cast } = stage;
    const conversationId = await stage.startedBy(cast.dana);
    const [unused, used] = [await uploads(cast.dana, await png()), await uploads(cast.dana, await png())];
    await sends(cast.dana, conversationId, [used]);
    const waiting = await requestsUpload(cast.dana, await png());
    await forgets();
    expect(await kept(unused)).toHaveLength(2);
    app.clock.advance(24 * 3600 + 60);
    await forgets();
    const { token } = await app.tokens.issue(cast.dana.id, 3600);
    const dana = new Person(app.url, cast.dana.id, 'Dana, the next day', token);
    for (const id of [unused, waiting.attachmentId]) {
      expect(await kept(id)).toEqual([]);
      const refusal = await stage.refusal(dana, SendMessageDocument, { conversationId, attachmentIds: [id] });
      expect(refusal.code).toBe('NOT_FOUND');
    }
    expect((await putTo(waiting, (await png()).bytes)).status).toBe(404);
    expect(await kept(used)).toHaveLength(2);
    const { node } = await dana.ask('query ($id: ID!) { node(id: $id) { ... on Attachment { url } } }', { id: used });
    expect(await bytesAt(node.url)).toEqual((await png()).bytes);
  });
});
