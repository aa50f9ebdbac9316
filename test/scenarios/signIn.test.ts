import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CreateAgentDocument, MeDocument, SetPasswordDocument, SignInDocument } from '../operations/generated.js';
import { Person } from '../support/Person.js';
import { does, newStage } from '../support/stories.js';

const stage = newStage();
const password = 'correct horse';

const newAddress = () => `pat-${randomUUID().slice(0, 8)}@example.test`;

async function member(admin: Person, email: string, secret = password): Promise<string> {
  const { agent } = await does(admin, CreateAgentDocument, { email, displayName: 'Pat' });
  await does(admin, SetPasswordDocument, { agentId: agent!.id, newPassword: secret });
  return agent!.id;
}

const wrong = { code: 'INVALID_CREDENTIALS', path: null };

describe('signing in', () => {
  test('gives an agent a token that ends, and says who they are', async () => {
    const { app, cast } = stage;
    const email = newAddress();
    const id = await member(cast.ada, email);
    const { token, expiresAt, viewer } = await does(cast.nobody, SignInDocument, { email, password });
    expect(viewer).toMatchObject({ actor: { id, displayName: 'Pat' }, workspace: { id: cast.acme } });
    expect(Date.parse(expiresAt!)).toBeGreaterThan(app.clock.now().getTime());
    const pat = new Person(app.url, id, 'Pat', token);
    expect((await pat.ask(MeDocument)).viewer.actor).toMatchObject({ __typename: 'Agent', id });
  });

  test('does not mind the case of the address, nor spaces around it', async () => {
    const { ada, nobody } = stage.cast;
    const email = newAddress();
    await member(ada, email);
    const { viewer } = await does(nobody, SignInDocument, { email: ` ${email.toUpperCase()} `, password });
    expect(viewer).not.toBeNull();
  });

  test('answers the same to a wrong password, an unknown address and one without a password', async () => {
    const { ada, ben, nobody } = stage.cast;
    const email = newAddress();
    await member(ada, email);
    const withoutPassword = (await ada.ask(`{ node(id: "${ben.id}") { ... on Agent { email } } }`)).node.email;
    const inputs = [
      { email, password: 'wrong horse' },
      { email: newAddress(), password },
      { email: withoutPassword, password },
      { email: '', password: '' },
      { email: 'dana', password },
      { email: `${email}\0`, password },
      { email, password: `${password}\0` },
      { email, password: '\ud800' },
    ];
    const texts = new Set<string>();
    for (const input of inputs) {
      expect(await stage.refusal(nobody, SignInDocument, input)).toMatchObject(wrong);
      texts.add((await nobody.raw(SignInDocument, { input })).text);
    }
    expect(texts.size).toBe(1);
  });

  test('is not for who is no longer active', async () => {
    const { app, cast } = stage;
    const email = newAddress();
    const id = await member(cast.ada, email);
    await app.world.database.pool.query('update actors set active = false where id = $1', [id]);
    expect(await stage.refusal(cast.nobody, SignInDocument, { email, password })).toMatchObject(wrong);
  });
});

describe('an address in two workspaces', () => {
  test('says which, and gets that one', async () => {
    const { ada, gus, nobody, acme, globex } = stage.cast;
    const email = newAddress();
    const atAcme = await member(ada, email);
    const atGlobex = await member(gus, email);
    for (const [workspaceId, id] of [
      [acme, atAcme],
      [globex, atGlobex],
    ] as const) {
      const { viewer } = await does(nobody, SignInDocument, { email, password, workspaceId });
      expect(viewer).toMatchObject({ actor: { id }, workspace: { id: workspaceId } });
    }
    const refusal = await stage.refusal(nobody, SignInDocument, { email, password });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['workspaceId'] });
  });

  test('has a password at each, and the other’s is worth nothing', async () => {
    const { ada, gus, nobody, acme, globex } = stage.cast;
    const email = newAddress();
    await member(ada, email, 'acme password');
    await member(gus, email, 'globex password');
    const swapped = { email, password: 'acme password', workspaceId: globex };
    expect(await stage.refusal(nobody, SignInDocument, swapped)).toMatchObject(wrong);
    await does(nobody, SignInDocument, { ...swapped, workspaceId: acme });
  });

  test('is told so only to who has a password of one', async () => {
    const { ada, gus, nobody } = stage.cast;
    const email = newAddress();
    await member(ada, email);
    await member(gus, email);
    expect(await stage.refusal(nobody, SignInDocument, { email, password: 'a guess or so' })).toMatchObject(wrong);
  });

  test('is in no third one', async () => {
    const { app, cast } = stage;
    const email = newAddress();
    await member(cast.ada, email);
    for (const workspaceId of [cast.globex, app.world.ids.next('ws'), 'acme', 'ws_\0']) {
      const refusal = await stage.refusal(cast.nobody, SignInDocument, { email, password, workspaceId });
      expect(refusal).toMatchObject(wrong);
    }
  });
});

describe('attempts', () => {
  test('are counted for an address, right or wrong; after ten there is a pause, for that address alone', async () => {
    const { ada, nobody } = stage.cast;
    const [email, other] = [newAddress(), newAddress()];
    await member(ada, email);
    await member(ada, other);
    const attempt = (address: string) => nobody.attempt(SignInDocument, { input: { email: address, password } });
    for (let nr = 1; nr <= 10; nr++) expect((await attempt(nr % 2 ? email : email.toUpperCase())).errors).toEqual([]);
    const { status, data, errors } = await attempt(email);
    expect({ status, data }).toEqual({ status: 429, data: null });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
    expect(errors[0]!.extensions.retryAfter).toBeGreaterThan(0);
    expect(errors[0]!.extensions.retryAfter).toBeLessThanOrEqual(60);
    expect((await attempt(other)).errors).toEqual([]);
  });

  test('are counted each, also many in one document', async () => {
    const { nobody } = stage.cast;
    const email = newAddress();
    const one = (nr: number) => `a${nr}: signIn(input: { email: "${email}", password: "x" }) { errors { code } }`;
    const document = `mutation { ${Array.from({ length: 11 }, (_, nr) => one(nr)).join('\n')} }`;
    const { errors } = await nobody.attempt(document);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
  });
});
