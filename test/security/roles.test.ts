import { buildASTSchema, extendSchema, isObjectType, Kind, parse, printSchema, visit } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guard, permissions } from '../../src/auth/permissions.js';
import type { Viewer } from '../../src/auth/Viewer.js';
import { type Scope, scopes } from '../../src/entities/Actor.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import {
  StartConversationDocument,
  TakeOverConversationDocument,
  UpdateWorkspaceDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf, newPerson } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { type RootCall, rootCall, rootFields } from './documents.js';
import { refusalAt } from './rules.js';

type Role = 'customer' | 'agent' | 'admin' | 'aiAgent' | Scope | 'no scope';

const agents = ['agent', 'admin'] as const;
const roles: readonly Role[] = ['customer', ...agents, 'aiAgent', ...scopes, 'no scope'];
const everybody = roles;
const readers: readonly Role[] = ['customer', ...agents, 'aiAgent', 'CONVERSATIONS_READ'];
const team: readonly Role[] = [...agents, 'CONVERSATIONS_READ'];
const whisperers: readonly Role[] = [...agents, 'WHISPERS_READ'];
const ofCustomers: readonly Role[] = [...agents, 'CUSTOMERS_READ'];
const ticketReaders: readonly Role[] = [...agents, 'TICKETS_READ'];
const ticketWriters: readonly Role[] = [...agents, 'TICKETS_WRITE'];
const aiAgents: readonly Role[] = ['aiAgent'];

/** Who may ask for a root field at all, line by line as PRODUCT's table of roles has it. */
const rootsOpenTo: Record<string, readonly Role[]> = {
  'Query.viewer': everybody,
  'Query.node': everybody,
  'Query.nodes': everybody,
  'Query.conversation': readers,
  'Query.conversations': readers,
  'Query.conversationByUrl': readers,
  'Query.agents': team,
  'Query.ticket': ticketReaders,
  'Query.tickets': ticketReaders,
  'Query.notifications': everybody,
  'Query.searchMessages': readers,
  'Query.searchWhispers': whisperers,
  'Mutation.signIn': everybody,
  'Mutation.startConversation': ['customer', 'MESSAGES_WRITE'],
  'Mutation.sendMessage': ['customer', ...agents, 'aiAgent', 'MESSAGES_WRITE'],
  'Mutation.whisper': agents,
  'Mutation.takeOverConversation': agents,
  'Mutation.handBackConversation': agents,
  'Mutation.requestUpload': ['customer', ...agents, 'aiAgent', 'MESSAGES_WRITE'],
  'Mutation.requestHuman': ['customer', 'aiAgent'],
  'Mutation.joinConversation': agents,
  'Mutation.leaveConversation': agents,
  'Mutation.transferConversation': agents,
  'Mutation.acceptTransfer': agents,
  'Mutation.declineTransfer': agents,
  'Mutation.cancelTransfer': agents,
  'Mutation.createTicket': ticketWriters,
  'Mutation.updateTicket': ticketWriters,
  'Mutation.addTicketComment': ticketWriters,
  'Mutation.resolveConversation': agents,
  'Mutation.reopenConversation': agents,
  'Mutation.finalizeConversation': ['customer', ...agents],
  'Mutation.updateConversation': agents,
  'Mutation.markConversationRead': ['customer', ...agents],
  'Mutation.setPassword': agents,
  'Mutation.markNotificationsRead': agents,
  'Mutation.updateNotificationPreferences': agents,
  'Mutation.registerPushSubscription': agents,
  'Mutation.removePushSubscription': agents,
  'Mutation.updateProfile': agents,
  'Mutation.createAgent': ['admin'],
  'Mutation.deactivateAgent': ['admin'],
  'Mutation.updateAgent': ['admin'],
  'Mutation.updateWorkspace': ['admin'],
  'Mutation.setTyping': ['customer', ...agents, 'aiAgent'],
  'Mutation.setAvailability': agents,
  'Subscription.timelineItemAdded': readers,
  'Subscription.messageAdded': readers,
  'Subscription.conversationUpdated': readers,
  'Subscription.whisperAdded': whisperers,
  'Subscription.inboxUpdated': team,
  'Subscription.notificationAdded': agents,
  'Subscription.aiTurnOpened': aiAgents,
  'Subscription.typingChanged': ['customer', ...agents, 'aiAgent'],
};

/** Who may read a field that is not open to whoever holds its parent. Of events: those of the team. */
const fieldsOpenTo: Record<string, readonly Role[]> = {
  ...of(
    'Workspace',
    ['replyPolicy', 'transferTimeoutSeconds', 'autoResolveAfterSeconds', 'autoFinalizeAfterSeconds'],
    team,
  ),
  ...of('Workspace', ['translateWhispers'], team),
  ...of('Customer', ['externalId', 'email', 'phone', 'language'], ofCustomers),
  ...of('Agent', ['email', 'role', 'active', 'availability'], team),
  ...of('AiAgent', ['enabled'], team),
  ...of('Integration', ['scopes'], ['admin']),
  ...of('Conversation', ['whispers'], whisperers),
  ...of('Conversation', ['needsHuman', 'priority', 'tags', 'pendingTransfer', 'transfers'], team),
  ...of('Transfer', ['id', 'conversation', 'from', 'to', 'leaveOnAccept', 'status'], team),
  ...of('Transfer', ['createdAt', 'expiresAt', 'answeredAt'], team),
  ...of('Transfer', ['note', 'declineReason'], whisperers),
  ...of('ConversationEvent', ['transfer'], team),
  ...of('AgentProfile', ['id', 'availability', 'notificationPreferences', 'pushPublicKey', 'pendingTransfers'], agents),
  ...of('AgentProfile', ['id', 'notificationPreferences', 'pendingTransfers'], agents),
  ...of('AgentProfile', ['preferredLanguage', 'autoTranslate'], agents),
  ...of('Message', ['translation'], team),
  ...of('Whisper', ['language', 'translatedText', 'translation'], whisperers),
  ...of('Notification', ['id', 'kind', 'conversation', 'transfer', 'actor', 'createdAt', 'readAt'], agents),
  ...of('ConversationEvent', ['ticket'], ticketReaders),
  ...of('Conversation', ['tickets'], ticketReaders),
  ...of('Ticket', ['id', 'number', 'title', 'description', 'status', 'priority', 'createdBy'], ticketReaders),
  ...of('Ticket', ['assignee', 'createdAt', 'updatedAt', 'url', 'snapshot', 'comments', 'history'], ticketReaders),
  ...of('Ticket', ['conversation'], team),
  ...of('TicketComment', ['id', 'author', 'text', 'createdAt'], ticketReaders),
  ...of('AgentProfile', ['id', 'notificationPreferences', 'pendingTransfers'], agents),
  ...of('Notification', ['id', 'kind', 'conversation', 'transfer', 'ticket', 'actor', 'createdAt', 'readAt'], agents),
  ...of('NeedsHuman', ['reason', 'since', 'by'], team),
  ...of('Whisper', ['id', 'conversation', 'actor', 'createdAt', 'url', 'audience', 'text', 'mentions'], whisperers),
  ...of(
    'Whisper',
    ['id', 'conversation', 'actor', 'createdAt', 'audience', 'text', 'attachments', 'mentions'],
    whisperers,
  ),
  ...of('ConversationEvent', ['kind', 'audience', 'agent'], whisperers),
  ...of('AiTurn', ['id', 'conversation', 'openedAt', 'expiresAt', 'unanswered', 'humanSpoke'], aiAgents),
};

function of(type: string, fields: string[], who: readonly Role[]): Record<string, readonly Role[]> {
  return Object.fromEntries(fields.map((field) => [`${type}.${field}`, who]));
}

const inOrder = (some: readonly Role[]) => roles.filter((role) => some.includes(role));

const schema = buildSchema();
const ruledFields = Object.entries(permissions)
  .filter(([type]) => !['Query', 'Mutation', 'Subscription'].includes(type))
  .flatMap(([type, fields]) =>
    Object.entries(fields).flatMap(([field, permission]) => (permission === 'open' ? [] : [`${type}.${field}`])),
  );

let app: TestApp;
let cast: Cast;
let conversationId: string;
const people = new Map<Role, Person>();
beforeAll(async () => {
  app = await startTestApp({ SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' });
  cast = await castOf(app);
  for (const role of [...scopes, 'no scope'] as const) {
    const held = role === 'no scope' ? [] : [role];
    people.set(role, await newPerson(app, app.url, cast.acme, role, { kind: 'INTEGRATION', scopes: held }));
  }
  people.set('customer', cast.dana).set('agent', cast.ben).set('admin', cast.ada).set('aiAgent', cast.bot);
  const { startConversation } = await cast.dana.ask(StartConversationDocument, { input: { text: 'Hello?' } });
  conversationId = startConversation.conversation!.id;
});
afterAll(async () => {
  await Promise.all([...people.values()].map((person) => person.leave()));
  await cast.leave();
  await app.close();
});

describe('every root field', () => {
  test('has an expectation here, and no expectation is for a field that is gone (B1)', () => {
    const fields = rootFields(schema).map(({ kind, field }) => `${kind}.${field.name}`);
    expect(Object.keys(rootsOpenTo).sort()).toEqual(fields.sort());
  });

  // The named conversation is not there: who may never do a thing must not learn even that.
  test.each(rootFields(schema).map(({ kind, field }) => ({ name: `${kind}.${field.name}`, kind, field })))(
    '$name is FORBIDDEN to exactly the roles that may never do it (B1, B3, B9)',
    async ({ name, kind, field }) => {
      const letThrough: Role[] = [];
      for (const role of roles) {
        const call = rootCall(kind, field, (path) => {
          if (path.at(-1) === 'onBehalfOfCustomer') return role === 'MESSAGES_WRITE';
          return path.at(-1) === 'conversationId' ? app.world.ids.next('conv') : undefined;
        });
        const codes = await codesOf(people.get(role)!, call);
        expect(codes, role).not.toContain('UNAUTHENTICATED');
        expect(codes, role).not.toContain('INTERNAL_SERVER_ERROR');
        if (!codes.includes('FORBIDDEN')) letThrough.push(role);
      }
      expect(letThrough).toEqual(inOrder(rootsOpenTo[name]!));
    },
  );

  async function codesOf(person: Person, { kind, query, variables }: RootCall): Promise<unknown[]> {
    if (kind !== 'Subscription') {
      const { errors } = await person.attempt(query, variables);
      return errors.map(({ extensions }) => extensions.code);
    }
    // A stream that is refused says so at once; what is asked for after it is answered after it.
    const stream = person.follow(query, variables);
    const marker = person.follow('subscription ($id: ID!) { conversationUpdated(conversationId: $id) { id } }', {
      id: app.world.ids.next('conv'),
    });
    await marker.next();
    stream.stop();
    return stream.seen.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions?.code));
  }
});

describe('every field with a rule', () => {
  test('has an expectation here, and no expectation is for a field without one', () => {
    expect(Object.keys(fieldsOpenTo).sort()).toEqual(ruledFields.sort());
  });

  test.each(ruledFields)('%s is FORBIDDEN to exactly the roles that may never read it (B1)', async (name) => {
    const [type, field] = name.split('.') as [string, string];
    const letThrough: Role[] = [];
    for (const role of roles) {
      const code = await refusalAt(schema, type, field, { id: 'somebody', audience: 'TEAM' }, viewerOf(role));
      if (code !== 'FORBIDDEN') letThrough.push(role);
    }
    expect(letThrough).toEqual(inOrder(fieldsOpenTo[name]!));
  });

  test.each(['kind', 'audience', 'agent'])(
    "an event's %s is open to everybody when the event is for everyone",
    async (field) => {
      for (const role of roles) {
        const event = { id: 'an event', audience: 'EVERYONE', agentId: null };
        expect(await refusalAt(schema, 'ConversationEvent', field, event, viewerOf(role))).toBeNull();
      }
    },
  );

  test('customers read their own details, and integrations their own scopes', async () => {
    const customer = viewerOf('customer');
    expect(await refusalAt(schema, 'Customer', 'email', { id: customer.id }, customer)).toBeNull();
    const integration = viewerOf('no scope');
    expect(await refusalAt(schema, 'Integration', 'scopes', { id: integration.id }, integration)).toBeNull();
  });

  test.each(ruledFields)('%s is refused to whoever has not signed in', async (name) => {
    const [type, field] = name.split('.') as [string, string];
    const parent = { id: 'somebody', audience: 'EVERYONE' };
    expect(await refusalAt(schema, type, field, parent, null)).toBe('UNAUTHENTICATED');
  });
});

function viewerOf(role: Role): Viewer {
  const kinds = { customer: 'CUSTOMER', agent: 'AGENT', admin: 'AGENT', aiAgent: 'AI_AGENT' } as const;
  const isPerson = role in kinds;
  return {
    id: `the ${role}`,
    kind: isPerson ? kinds[role as keyof typeof kinds] : 'INTEGRATION',
    workspaceId: 'one workspace',
    role: role === 'admin' ? 'ADMIN' : role === 'agent' ? 'AGENT' : null,
    // An AI agent's scopes open nothing by themselves.
    scopes: role === 'aiAgent' ? scopes : isPerson || role === 'no scope' ? [] : [role as Scope],
    apiKeyId: null,
    expiresAt: null,
  };
}

describe('what a role does not read', () => {
  test('is null with FORBIDDEN at its path, and the rest of the answer stays', async () => {
    const query = `query ($id: ID!) { conversation(id: $id) {
      id tags priority needsHuman { reason } whispers { edges { cursor } } assignee { id email role active } aiAgent { id enabled }
    } viewer { workspace { id replyPolicy } } }`;
    for (const person of [cast.dana, cast.bot]) {
      const { status, data, errors } = await person.attempt(query, { id: conversationId });
      expect(status).toBe(200);
      expect(data).toMatchObject({
        conversation: { id: conversationId, tags: null, priority: null, needsHuman: null, whispers: null },
        viewer: { workspace: { id: cast.acme, replyPolicy: null } },
      });
      expect(errors.map(({ extensions }) => extensions)).toEqual(errors.map(() => ({ code: 'FORBIDDEN' })));
      expect(errors.map(({ path }) => path!.join('.')).sort()).toEqual([
        'conversation.aiAgent.enabled',
        'conversation.needsHuman',
        'conversation.priority',
        'conversation.tags',
        'conversation.whispers',
        'viewer.workspace.replyPolicy',
      ]);
    }
  });

  test('is the same whatever the data', async () => {
    const whispered = await cast.dana.ask(StartConversationDocument, { input: { text: 'Hello?' } });
    const id = whispered.startConversation.conversation!.id;
    await cast.ben.ask(WhisperDocument, {
      input: { conversationId: id, text: 'Careful.', mentionIds: [cast.cleo.id] },
    });
    const query =
      'query ($id: ID!) { conversation(id: $id) { whispers { edges { node { text } } } tags needsHuman { reason } } }';
    const answers = await Promise.all([id, conversationId].map((one) => cast.dana.raw(query, { id: one })));
    expect(answers[0]).toEqual(answers[1]);
  });

  test.each([
    ['assigneeId', { assigneeId: 'agent_none' }],
    ['assignedToMe', { assignedToMe: false }],
    ['needsHuman', { needsHuman: false }],
    ['tag', { tag: '' }],
    ['priority', { priority: [] }],
    ['participating', { participating: true }],
  ])('cannot be filtered by: %s', async (_, filter) => {
    const query = 'query ($filter: ConversationFilter) { conversations(filter: $filter) { edges { cursor } } }';
    for (const person of [cast.dana, cast.bot]) {
      const { data, errors } = await person.attempt(query, { filter });
      expect(data).toBeNull();
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    }
    expect((await cast.reader.attempt(query, { filter })).errors).toEqual([]);
  });

  test.each([
    ['a customer who names a channel', 'dana', 'startConversation', { text: 'Hello', channel: 'EMAIL' }],
    ['a customer who names a customer', 'dana', 'startConversation', { text: 'Hello', customerId: 'cust_none' }],
    ['a customer who names an external id', 'dana', 'startConversation', { text: 'Hello', externalId: '1' }],
    ['a customer who speaks for a customer', 'dana', 'sendMessage', { text: 'Hello', onBehalfOfCustomer: true }],
    ['an agent who speaks for a customer', 'ben', 'sendMessage', { text: 'Hello', onBehalfOfCustomer: true }],
    ['an AI agent that speaks for a customer', 'bot', 'sendMessage', { text: 'Hello', onBehalfOfCustomer: true }],
    ['an integration that speaks for itself', 'crm', 'sendMessage', { text: 'Hello' }],
    ['an agent who sets the password of another', 'ben', 'setPassword', { newPassword: 'long enough' }],
  ] as const)('%s is FORBIDDEN', async (_, who, mutation, input) => {
    const own = { sendMessage: { conversationId }, setPassword: { agentId: cast.cleo.id }, startConversation: {} };
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!`;
    const query = `mutation ($input: ${type}) { ${mutation}(input: $input) { errors { code } } }`;
    const { data, errors } = await cast[who].attempt(query, { input: { ...own[mutation], ...input } });
    expect(data).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });
});

describe('an action that a role may never do', () => {
  test('changes nothing and is heard by nobody (B2, B3)', async () => {
    const { dana, bot, ben } = cast;
    const state =
      'query ($id: ID!) { conversation(id: $id) { updatedAt handling tags participants { actor { id } } timeline { edges { cursor } } } }';
    const before = await ben.raw(state, { id: conversationId });
    const forbidden = rootFields(schema).filter(
      ({ kind, field }) =>
        kind === 'Mutation' &&
        !rootsOpenTo[`Mutation.${field.name}`]!.some((role) => role === 'customer' || role === 'aiAgent') &&
        field.name !== 'signIn',
    );
    for (const { kind, field } of forbidden) {
      const { query, variables } = rootCall(kind, field, (path) =>
        path.at(-1) === 'conversationId' ? conversationId : undefined,
      );
      for (const person of [dana, bot])
        expect((await person.attempt(query, variables)).errors[0]!.extensions.code).toBe('FORBIDDEN');
    }
    expect(await ben.raw(state, { id: conversationId })).toEqual(before);
    expect(forbidden.length).toBeGreaterThan(8);
  });

  test("an agent's `force` is worth nothing", async () => {
    const { dana, ben, cleo } = cast;
    const { startConversation } = await dana.ask(StartConversationDocument, { input: { text: 'Hello?' } });
    const input = { conversationId: startConversation.conversation!.id, force: true };
    await ben.ask(TakeOverConversationDocument, { input });
    const { takeOverConversation } = await cleo.ask(TakeOverConversationDocument, { input });
    expect(takeOverConversation.errors).toMatchObject([{ code: 'ALREADY_ASSIGNED', assignee: { id: ben.id } }]);
  });

  test('an admin of one workspace is no admin of another', async () => {
    const { updateWorkspace } = await cast.gus.ask(UpdateWorkspaceDocument, { input: { name: 'Ours' } });
    expect(updateWorkspace.workspace!.id).toBe(cast.globex);
  });
});

describe('the build of the schema', () => {
  test('fails when a field has no declared permission (B1)', () => {
    const extended = extendSchema(buildSchema(), parse('extend type Conversation { secret: String }'));
    expect(() => guard(extended)).toThrow('Conversation.secret has no declared permission');
  });

  test('fails when a type has none', () => {
    const extended = extendSchema(
      buildSchema(),
      parse('type Secret { text: String } extend type Query { secret: Secret }'),
    );
    expect(() => guard(extended)).toThrow('has no declared permission');
  });

  test('fails when a permission is declared for a field that is not there', () => {
    const document = visit(parse(printSchema(buildSchema())), {
      [Kind.FIELD_DEFINITION]: ({ name }) => (name.value === 'lastReadAt' ? null : undefined),
    });
    expect(() => guard(buildASTSchema(document))).toThrow(
      'Permissions of fields that do not exist: Participant.lastReadAt',
    );
  });

  test('puts the same rule before `subscribe` and before `resolve` (B1)', () => {
    const subscriptions = schema.getType('Subscription');
    if (!isObjectType(subscriptions)) throw new Error('there are no subscriptions');
    for (const { name, subscribe, resolve } of Object.values(subscriptions.getFields())) {
      expect([name, typeof subscribe, typeof resolve]).toEqual([name, 'function', 'function']);
    }
  });
});
