import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  CreateAgentDocument,
  RequestHumanDocument,
  SendMessageDocument,
  StartConversationDocument,
  UpdateAgentDocument,
  UpdateConversationDocument,
  UpdateWorkspaceDocument,
  WhisperDocument,
} from '../operations/generated.js';
import type { AnyMutation } from '../support/mutations.js';
import { does, newStage, says, timelineOf } from '../support/stories.js';

const stage = newStage({ RATE_BURST: '1000000' });

interface TextField {
  mutation: AnyMutation;
  field: string;
  max: number;
  by: 'dana' | 'ben' | 'ada' | 'bot' | 'crm';
  /** all but the text, for one call */
  rest: () => Promise<object>;
  isList?: true;
}

const started = async () => ({ conversationId: await stage.startedBy(stage.cast.dana) });
const inTurn = async () => {
  const { conversationId } = await started();
  return { conversationId, aiTurnId: await stage.turnOf(conversationId) };
};
const byMail = async () => ({ ...(await started()), text: 'By mail', onBehalfOfCustomer: true });
const nobodyYet = async () => ({ email: `${randomUUID()}@example.test` });

const fields: Record<string, TextField> = {
  'a first message': {
    mutation: StartConversationDocument,
    field: 'text',
    max: 10_000,
    by: 'dana',
    rest: async () => ({}),
  },
  'a first subject': {
    mutation: StartConversationDocument,
    field: 'subject',
    max: 200,
    by: 'dana',
    rest: async () => ({ text: 'Hi' }),
  },
  'a message': { mutation: SendMessageDocument, field: 'text', max: 10_000, by: 'dana', rest: started },
  'an AI agent’s message': { mutation: SendMessageDocument, field: 'text', max: 10_000, by: 'bot', rest: inTurn },
  'an external id': { mutation: SendMessageDocument, field: 'externalId', max: 200, by: 'crm', rest: byMail },
  'a whisper': { mutation: WhisperDocument, field: 'text', max: 10_000, by: 'ben', rest: started },
  'a note': {
    mutation: WhisperDocument,
    field: 'text',
    max: 10_000,
    by: 'ben',
    rest: async () => ({ ...(await started()), audience: 'SELF' }),
  },
  'a reason': { mutation: RequestHumanDocument, field: 'reason', max: 500, by: 'dana', rest: started },
  'last words': { mutation: RequestHumanDocument, field: 'text', max: 10_000, by: 'bot', rest: inTurn },
  'a subject': { mutation: UpdateConversationDocument, field: 'subject', max: 200, by: 'ben', rest: started },
  'a tag': { mutation: UpdateConversationDocument, field: 'tags', max: 50, by: 'ben', rest: started, isList: true },
  'a new agent’s name': { mutation: CreateAgentDocument, field: 'displayName', max: 100, by: 'ada', rest: nobodyYet },
  'an agent’s name': {
    mutation: UpdateAgentDocument,
    field: 'displayName',
    max: 100,
    by: 'ada',
    rest: async () => ({ agentId: stage.cast.cleo.id }),
  },
  'a workspace’s name': {
    mutation: UpdateWorkspaceDocument,
    field: 'name',
    max: 100,
    by: 'ada',
    rest: async () => ({}),
  },
};

const cases = Object.entries(fields);
const inputOf = async ({ field, rest, isList }: TextField, text: string) =>
  ({ ...(await rest()), [field]: isList ? [text] : text }) as never;

describe('a text', () => {
  test.each(cases)('%s may be as long as it may be, counted in code points after trimming (E10)', async (_, one) => {
    for (const letter of ['x', 'é', '漢', '😀']) {
      await does(stage.cast[one.by], one.mutation, await inputOf(one, ` ${letter.repeat(one.max)}\n`));
      const input = await inputOf(one, `${letter.repeat(one.max)}x`);
      const refusal = await stage.refusal(stage.cast[one.by], one.mutation, input);
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT' });
      expect(refusal.path![0]).toBe(one.field);
    }
  });

  test.each(cases)('%s has neither NUL nor half a surrogate pair (G11)', async (_, one) => {
    for (const text of ['a\0b', '\0', 'a\ud83d', '\ude00b', '\ud83d \ude00', '\ude00\ud83d']) {
      const refusal = await stage.refusal(stage.cast[one.by], one.mutation, await inputOf(one, text));
      expect(refusal, JSON.stringify(text)).toMatchObject({ code: 'INVALID_INPUT' });
      expect(refusal.path![0]).toBe(one.field);
    }
  });

  test.each(cases)('%s is text and nothing else', async (_, one) => {
    for (const wrong of [{}, 7, true, [['x']]]) {
      const input = { ...((await inputOf(one, 'x')) as object), [one.field]: wrong };
      const { errors } = await stage.cast[one.by].attempt(one.mutation, { input: input as never });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
  });
});

test('every character that is allowed comes back as it was sent (E10, G11)', async () => {
  const { dana, ben } = stage.cast;
  const conversationId = await stage.startedBy(dana);
  const texts = [
    '\u0001\u0008\u001f\u007f\u0085 control',
    'line\r\nbreaks\n\tand tabs',
    '😀👩‍👩‍👧‍👦 e\u0301 \u202eright to left',
    '\ufeff'.repeat(2).concat('inside \ufeff marks \u200b').trim(),
    '\uffff \ufdd0 no characters',
    `'; drop table entries; -- \\' \${x} {{y}} %s <script>`,
    '{"a":[null]} \\u0000 \\0',
  ];
  for (const text of texts) {
    const { message } = await says(dana, conversationId, text);
    expect(message!.text).toBe(text);
  }
  expect((await timelineOf(ben, conversationId)).slice(-texts.length)).toEqual(texts);
});
