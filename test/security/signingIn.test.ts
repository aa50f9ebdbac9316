import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiKey } from '../../src/actions/createApiKey.js';
import { later } from '../../src/clock.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import {
  CreateAgentDocument,
  MeDocument,
  SignInDocument,
  StartConversationDocument,
  TimelineItemAddedDocument,
  UpdateAgentDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf, newPerson } from '../support/cast.js';
import { Person } from '../support/Person.js';
import { rootCalls } from './documents.js';
import { post, send } from './http.js';

const secret = 'the secret that signs the tokens of these tests';
const me = '{ viewer { actor { id } } }';
const bytes = (text: string) => new TextEncoder().encode(text);

let app: TestApp;
let cast: Cast;
beforeAll(async () => {
  app = await startTestApp({ AUTH_SECRET: secret, MAX_ALIASES: '200', MAX_TOKENS: '5000' });
  cast = await castOf(app);
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});

/** What a token says, with only what a test changes named. */
interface Wanted {
  sub?: string;
  aud?: string;
  expiresIn?: number;
  notBeforeIn?: number;
  claims?: JWTPayload;
}

function token(
  { sub = cast.ben.id, aud = 'parley', expiresIn = 600, notBeforeIn, claims }: Wanted,
  alg = 'HS256',
  header = {},
) {
  const now = app.clock.now();
  const jwt = new SignJWT({ ...claims })
    .setProtectedHeader({ alg, typ: 'JWT', ...header })
    .setSubject(sub)
    .setAudience(aud)
    .setIssuedAt(later(now, -600))
    .setExpirationTime(later(now, expiresIn));
  return notBeforeIn === undefined ? jwt : jwt.setNotBefore(later(now, notBeforeIn));
}

const ours = (wanted: Wanted = {}) => token(wanted).sign(bytes(secret));
const whoIs = (bearer: string | null) => post(app.url, bearer, { query: me });
const asPerson = (bearer: string) => new Person(app.url, cast.ben.id, 'somebody', bearer);

async function expectRefused(bearer: string): Promise<void> {
  const { status, data, errors } = await whoIs(bearer);
  expect({ status, data, codes: errors.map(({ extensions }) => extensions.code) }).toEqual({
    status: 401,
    data: null,
    codes: ['UNAUTHENTICATED'],
  });
  const ended = await asPerson(bearer).follow('subscription { inboxUpdated { kind } }').whenEnded();
  expect(ended).toMatchObject({ code: 4403 });
}

async function expectAccepted(bearer: string, id = cast.ben.id): Promise<void> {
  const { status, data } = await whoIs(bearer);
  expect({ status, data }).toEqual({ status: 200, data: { viewer: { actor: { id } } } });
}

describe("Parley's own tokens", () => {
  test('a token of ours is accepted over HTTP and over the socket', async () => {
    await expectAccepted(await ours());
    const ben = asPerson(await ours());
    const first = await ben.follow('subscription { inboxUpdated { kind } }').next();
    expect(first.data).toEqual({ inboxUpdated: { kind: 'READY' } });
    await ben.leave();
  });

  test.each<[string, () => Promise<string> | string]>([
    ['that is no JWT', () => 'nonsense'],
    ['of three parts that say nothing', () => 'a.b.c'],
    ['with its signature cut off', async () => (await ours()).split('.').slice(0, 2).concat('').join('.')],
    ['whose content was changed', async () => tampered(await ours(), { sub: cast.ada.id })],
    [
      'with alg none',
      () =>
        new UnsecuredJWT({})
          .setSubject(cast.ada.id)
          .setAudience('parley')
          .setIssuedAt()
          .setExpirationTime('1h')
          .encode(),
    ],
    ['signed by another secret', () => token({}).sign(bytes(`${secret}.`))],
    ['signed with HS512', () => token({}, 'HS512').sign(bytes(secret.repeat(2)))],
    ['that claims RS256 and is signed with our secret', () => asRs256(token({}))],
    ['for another audience', () => ours({ aud: 'somebody-else' })],
    ['that ended 61 seconds ago', () => ours({ expiresIn: -61 })],
    ['that begins in two minutes', () => ours({ notBeforeIn: 120 })],
    ['of somebody who does not exist', () => ours({ sub: app.world.ids.next('agent') })],
    ['of something that is no person', () => ours({ sub: cast.acme })],
    ['of a subject with NUL', () => ours({ sub: 'agent_\0' })],
    [
      'without an end',
      () =>
        new SignJWT({ sub: cast.ben.id, aud: 'parley' })
          .setProtectedHeader({ alg: 'HS256' })
          .setIssuedAt()
          .sign(bytes(secret)),
    ],
  ])('a token %s is refused (A2, A3)', async (_, made) => {
    await expectRefused(await made());
  });

  test('a token that names or brings its own key is refused, and nobody is asked for one (A2)', async () => {
    const asked: string[] = [];
    const stranger = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/keys`;
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const signed = (header: object, alg = 'RS256') =>
      token({}, alg, header).sign(
        alg === 'RS256' ? privateKey : bytes('a secret of somebody else, of no less than its length'),
      );
    const claims = [
      await signed({ jwk }),
      await signed({ jku: url, kid: 'one' }),
      await signed({ x5u: url }),
      await signed({ kid: url }),
      await signed({ kid: '../../../../dev/null' }, 'HS256'),
      await signed({ kid: "' union select 'a secret of somebody else' --" }, 'HS256'),
      await signed({ kid: '/proc/self/environ', jku: url }, 'HS256'),
    ];
    for (const claim of claims) await expectRefused(claim);
    expect(asked).toEqual([]);
    await new Promise((resolve) => stranger.close(resolve));
  });

  test('a token that ended 29 seconds ago is still accepted (A3)', async () => {
    await expectAccepted(await ours({ expiresIn: -29 }));
  });

  test.each(['', 'Bearer', 'Bearer ', 'Basic YWRhOmFkYQ==', 'Token abc', `Bearer ${'x'.repeat(9000)}`])(
    'the header "%.20s" is refused, also where no token is needed (A1)',
    async (authorization) => {
      const request = { method: 'POST', headers: { 'content-type': 'application/json', authorization } };
      const { status, errors } = await send(app.url, { ...request, body: JSON.stringify({ query: '{ __typename }' }) });
      expect(status).toBe(401);
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
    },
  );

  test('what a token claims of role and workspace counts for nothing', async () => {
    const claims = { role: 'ADMIN', workspaceId: cast.globex, kind: 'AGENT', scopes: ['WHISPERS_READ'] };
    const pretender = asPerson(await ours({ claims }));
    const { viewer } = await pretender.ask(MeDocument);
    expect(viewer.workspace.id).toBe(cast.acme);
    const { errors } = await pretender.attempt(CreateAgentDocument, { input: { email: 'x@y.test', displayName: 'X' } });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });

  test('a token of one workspace sees nothing of another (C1)', async () => {
    const { startConversation } = await cast.dana.ask(StartConversationDocument, { input: { text: 'Hello?' } });
    const conversationId = startConversation.conversation!.id;
    const outsider = asPerson(await ours({ sub: cast.gus.id }));
    const { conversation } = await outsider.ask('query ($id: ID!) { conversation(id: $id) { id } }', {
      id: conversationId,
    });
    expect(conversation).toBeNull();
    const { errors } = await outsider.follow(TimelineItemAddedDocument, { conversationId }).next();
    expect(errors![0]!.extensions!.code).toBe('NOT_FOUND');
    await outsider.leave();
  });
});

function tampered(jwt: string, claims: object): string {
  const [header, payload, signature] = jwt.split('.') as [string, string, string];
  const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...claims };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}

/** Signed as HS256, then relabelled, which is all that somebody without a private key can do. */
async function asRs256(jwt: SignJWT): Promise<string> {
  const [, payload, signature] = (await jwt.sign(bytes(secret))).split('.');
  return [Buffer.from('{"alg":"RS256"}').toString('base64url'), payload, signature].join('.');
}

describe('without a token', () => {
  const calls = rootCalls(buildSchema(), () => undefined).filter(({ kind }) => kind !== 'Subscription');

  test.each(calls.filter(({ name }) => name !== 'Mutation.signIn'))('$name is refused (A1)', async (call) => {
    const { status, errors, data } = await post(app.url, null, call);
    expect(status).toBe(401);
    expect(data).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
  });

  test('signIn, __typename and introspection are answered', async () => {
    const open = ['{ __typename }', '{ __schema { queryType { name } } }', '{ __type(name: "Query") { name } }'];
    for (const query of open) expect((await post(app.url, null, { query })).errors).toEqual([]);
    const signIn = calls.find(({ name }) => name === 'Mutation.signIn')!;
    expect((await post(app.url, null, signIn)).data).toMatchObject({
      signIn: { errors: [{ code: 'INVALID_CREDENTIALS' }] },
    });
  });

  test.each([
    '{ __typename viewer { actor { id } } }',
    '{ ... { viewer { actor { id } } } }',
    'query { ...F } fragment F on Query { viewer { actor { id } } }',
    '{ __typename: viewer { actor { id } } }',
    'mutation { signIn: createAgent(input: { email: "a@b.test", displayName: "A" }) { errors { code } } }',
  ])('no trick of the document opens anything: %s (A1)', async (query) => {
    const { status, data } = await post(app.url, null, { query });
    expect({ status, data }).toEqual({ status: 401, data: null });
  });

  test('another operation of the same document that needs no token does not help (A1)', async () => {
    const query = 'query Open { __typename } query Closed { viewer { actor { id } } }';
    expect((await post(app.url, null, { query, operationName: 'Closed' })).status).toBe(401);
    expect((await post(app.url, null, { query, operationName: 'Open' })).status).toBe(200);
  });

  test('a socket is closed with 4403 (A1)', async () => {
    const ended = await cast.nobody.follow('subscription { inboxUpdated { kind } }').whenEnded();
    expect(ended).toMatchObject({ code: 4403 });
  });
});

describe("an identity provider's tokens", () => {
  const issuer = 'https://login.example.test/';
  const audience = 'parley-at-example';
  const email = 'faye@example.test';
  const unverified = 'fiifi@example.test';
  let provider: Server;
  let withProvider: TestApp;
  let theirCast: Cast;
  let keys: GenerateKeyPairResult;
  let publicPem: string;

  beforeAll(async () => {
    keys = await generateKeyPair('RS256', { extractable: true });
    publicPem = await exportSPKI(keys.publicKey);
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256' }] });
    provider = createServer((_, response) => response.setHeader('content-type', 'application/json').end(jwks));
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    withProvider = await startTestApp({
      AUTH_SECRET: secret,
      AUTH_JWKS_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`,
      AUTH_ISSUER: issuer,
      AUTH_AUDIENCE: audience,
    });
    theirCast = await castOf(withProvider);
    for (const address of [email, unverified]) await agentWith(address);
  });
  afterAll(async () => {
    await theirCast.leave();
    await withProvider.close();
    await new Promise((resolve) => provider.close(resolve));
  });

  const agentWith = (address: string, workspaceId = theirCast.acme) =>
    newPerson(withProvider, withProvider.url, workspaceId, address, { kind: 'AGENT', email: address });

  type Claims = JWTPayload & { email?: string; email_verified?: unknown };
  const theirs = (claims: Claims = {}, key = keys.privateKey, alg = 'RS256') =>
    new SignJWT({ email, email_verified: true, iss: issuer, aud: audience, ...claims })
      .setProtectedHeader({ alg, kid: 'one' })
      .setIssuedAt(withProvider.clock.now())
      .setExpirationTime(later(withProvider.clock.now(), claims.exp ?? 600))
      .sign(key);
  const answerTo = (bearer: string) =>
    post(withProvider.url, bearer, { query: '{ viewer { actor { displayName } } }' });

  test('one for the verified e-mail of an active agent is accepted, in any letter case', async () => {
    for (const address of [email, email.toUpperCase()]) {
      const { data } = await answerTo(await theirs({ email: address }));
      expect(data).toEqual({ viewer: { actor: { displayName: email } } });
    }
  });

  test('tokens of our own are accepted beside them', async () => {
    expect((await answerTo(theirCast.ben.token!)).data).toEqual({ viewer: { actor: { displayName: 'Ben' } } });
  });

  test.each<[string, () => Promise<string>]>([
    ['whose e-mail is not verified', () => theirs({ email: unverified, email_verified: false })],
    ['whose e-mail is verified by a word', () => theirs({ email: unverified, email_verified: 'true' })],
    ['that does not say whether it is', () => theirs({ email: unverified, email_verified: undefined })],
    ['without an e-mail', () => theirs({ email: undefined })],
    ['for an e-mail that nobody has', () => theirs({ email: 'nobody@example.test' })],
    ['for an e-mail that only looks like one of ours', () => theirs({ email: 'fİifi@example.test' })],
    ['of another issuer', () => theirs({ iss: 'https://evil.example.test/' })],
    ['for another audience', () => theirs({ aud: 'parley' })],
    ['that ended 61 seconds ago', () => theirs({ exp: -61 })],
    ['signed by another key', async () => theirs({}, (await generateKeyPair('RS256')).privateKey)],
    ['that uses the public key as an HS256 secret', () => signedWithPublicKey()],
  ])('one %s is refused (A2, A3)', async (_, made) => {
    const { status, errors } = await answerTo(await made());
    expect(status).toBe(401);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
  });

  const signedWithPublicKey = () =>
    new SignJWT({ email, email_verified: true, iss: issuer, aud: audience, sub: 'x' })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setIssuedAt(withProvider.clock.now())
      .setExpirationTime(later(withProvider.clock.now(), 600))
      .sign(bytes(publicPem));

  test('one of an agent who is no longer active is refused', async () => {
    const { id } = await agentWith('gone@example.test');
    await withProvider.world.database.pool.query('update actors set active = false where id = $1', [id]);
    expect((await answerTo(await theirs({ email: 'gone@example.test' }))).status).toBe(401);
  });

  test('one whose e-mail is active in two workspaces names nobody', async () => {
    for (const workspaceId of [theirCast.acme, theirCast.globex]) await agentWith('twice@example.test', workspaceId);
    expect((await answerTo(await theirs({ email: 'twice@example.test' }))).status).toBe(401);
  });

  test('without a provider in the settings its tokens are refused', async () => {
    await expectRefused(await theirs());
  });
});

describe('API keys', () => {
  const newKey = (handle: string) =>
    app.world.database.orm.em.fork().transactional((em) => createApiKey(app.world, em, cast.acme, handle));
  const revoke = (key: string) =>
    app.world.database.pool.query('update api_keys set revoked_at = now() where prefix = $1', [key.slice(0, 11)]);

  test('a key speaks for its integration, with the scopes of it, over HTTP and the socket', async () => {
    const key = await newKey('reader');
    await expectAccepted(key, cast.reader.id);
    const program = new Person(app.url, cast.reader.id, 'reader by key', key);
    const { errors } = await program.attempt('mutation { startConversation(input: {}) { errors { code } } }');
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect((await program.follow('subscription { inboxUpdated { kind } }').next()).data).toBeTruthy();
    await program.leave();
  });

  test('a key that was revoked before its first use is refused', async () => {
    const key = await newKey('acme-bot');
    await revoke(key);
    await expectRefused(key);
  });

  test('a key that is in use is refused within seconds of being revoked, and its socket closed (A5)', async () => {
    const key = await newKey('acme-crm');
    await expectAccepted(key, cast.crm.id);
    const program = new Person(app.url, cast.crm.id, 'crm by key', key);
    const stream = program.follow('subscription { inboxUpdated { kind } }');
    await stream.take(1);
    await revoke(key);
    expect(await stream.whenEnded()).toMatchObject({ code: 4403 });
    await expectRefused(key);
  });

  test('a key of one workspace speaks for no other, whatever comes along with it (A6)', async () => {
    const authorization = `Bearer ${await newKey('reader')}`;
    const names = ['x-tenant', 'x-workspace', 'x-workspace-id', 'x-parley-workspace', 'cookie', 'x-user-id'];
    for (const name of names) {
      const { data } = await send(app.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization, [name]: cast.globex },
        body: JSON.stringify({ query: '{ viewer { actor { id } workspace { id } } }' }),
      });
      expect(data).toEqual({ viewer: { actor: { id: cast.reader.id }, workspace: { id: cast.acme } } });
    }
  });

  test.each(['pk_', 'pk_nonsense', `pk_${'A'.repeat(43)}`])('a made-up key is refused: %s', async (key) => {
    await expectRefused(key);
  });

  test('of a key only its prefix and its hash are stored (A6)', async () => {
    const key = await newKey('reader');
    const { rows } = await app.world.database.pool.query('select * from api_keys where prefix = $1', [
      key.slice(0, 11),
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0].prefix.length).toBeLessThan(12);
    expect(rows[0].sha256).toHaveLength(32);
    const stored = JSON.stringify(rows) + rows[0].sha256.toString('latin1') + rows[0].sha256.toString('base64url');
    expect(stored).not.toContain(key.slice(11));
  });
});

describe('signing in with a password', () => {
  async function newAgent(handle: string): Promise<{ email: string; password: string }> {
    const email = `${handle}@sign-in.test`;
    const { createAgent } = await cast.ada.ask(CreateAgentDocument, { input: { email, displayName: handle } });
    return { email, password: createAgent.oneTimePassword! };
  }
  const attempt = (email: string, password: string) =>
    post(app.url, null, {
      query: 'mutation ($input: SignInInput!) { signIn(input: $input) { token errors { code } } }',
      variables: { input: { email, password } },
    });

  test('the right password gives a token that works, and says whose it is', async () => {
    const { email, password } = await newAgent('hana');
    const { signIn } = await cast.nobody.ask(SignInDocument, {
      input: { email: ` ${email.toUpperCase()} `, password },
    });
    expect(signIn.errors).toEqual([]);
    expect(signIn.viewer!.actor.displayName).toBe('hana');
    await expectAccepted(signIn.token!, signIn.viewer!.actor.id);
  });

  test('a wrong password, an unknown e-mail and a deactivated agent get the same answer', async () => {
    const known = await newAgent('ilse');
    const gone = await newAgent('jon');
    await app.world.database.pool.query('update actors set active = false where email = $1', [gone.email]);
    const answers = [
      await attempt(known.email, 'a wrong password'),
      await attempt('nobody@sign-in.test', known.password),
      await attempt(gone.email, gone.password),
    ];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]!.data).toMatchObject({ signIn: { token: null, errors: [{ code: 'INVALID_CREDENTIALS' }] } });
  });

  test('of eleven attempts in a minute the last is refused, though its password is right', async () => {
    const { email, password } = await newAgent('kim');
    for (let nr = 1; nr <= 10; nr++) expect((await attempt(email, 'a wrong password')).status).toBe(200);
    const { status, errors } = await attempt(email, password);
    expect(status).toBe(429);
    expect(errors[0]!.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    const other = await newAgent('lee');
    expect((await attempt(other.email, other.password)).data).toMatchObject({ signIn: { errors: [] } });
  });

  test('an e-mail in other spellings that would sign in counts as the same', async () => {
    const { email, password } = await newAgent('iiidi');
    const spellings = Array.from({ length: 10 }, (_, nr) => `${' '.repeat(nr)}${nr % 2 ? email.toUpperCase() : email}`);
    for (const spelling of spellings) await attempt(spelling, 'a wrong password');
    const others = ['İiidi@sign-in.test', 'iİidi@sign-in.test', 'İİİdİ@sign-in.test', 'IİIdi@sign-in.test'];
    for (const spelling of others) {
      const { status, data } = await attempt(spelling, password);
      const isIn = status === 200 && (data as { signIn: { token: string | null } }).signIn.token !== null;
      expect(isIn, `${spelling} signs in, and is counted by itself`).toBe(false);
    }
  });

  test('a hundred attempts in one document count as a hundred (A7)', async () => {
    const { email, password } = await newAgent('mia');
    const fields = Array.from({ length: 100 }, (_, nr) => {
      const guess = nr === 99 ? password : `guess number ${nr}`;
      return `a${nr}: signIn(input: { email: "${email}", password: "${guess}" }) { token errors { code } }`;
    });
    const { status, text, errors } = await post(app.url, null, { query: `mutation { ${fields.join(' ')} }` });
    expect(status).toBe(429);
    expect(errors[0]!.extensions.code).toBe('RATE_LIMITED');
    expect(text).not.toContain('eyJ');
    expect((await attempt(email, password)).status).toBe(429);
  });
});

describe('standing', () => {
  test('a role counts from the moment it is given, and no longer than it is held (B11)', async () => {
    const { ada, cleo } = cast;
    const hire = (email: string) => cleo.attempt(CreateAgentDocument, { input: { email, displayName: 'New' } });
    const codes = async (email: string) => (await hire(email)).errors.map(({ extensions }) => extensions.code);
    expect(await codes('one@standing.test')).toEqual(['FORBIDDEN']);
    await ada.ask(UpdateAgentDocument, { input: { agentId: cleo.id, role: 'ADMIN' } });
    expect(await codes('two@standing.test')).toEqual([]);
    await ada.ask(UpdateAgentDocument, { input: { agentId: cleo.id, role: 'AGENT' } });
    expect(await codes('three@standing.test')).toEqual(['FORBIDDEN']);
  });

  test('a token of somebody deactivated is refused within seconds, and their socket closed (A5)', async () => {
    const gone = await newPerson(app, app.url, cast.acme, 'Nia', { kind: 'AGENT' });
    const stream = gone.follow('subscription { inboxUpdated { kind } }');
    await stream.take(1);
    await app.world.database.pool.query('update actors set active = false where id = $1', [gone.id]);
    expect(await stream.whenEnded()).toMatchObject({ code: 4403 });
    expect((await whoIs(gone.token)).status).toBe(401);
  });
});
