import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  AgentsDocument,
  CreateAgentDocument,
  MeDocument,
  SetPasswordDocument,
  SignInDocument,
  UpdateAgentDocument,
  UpdateWorkspaceDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { Person } from '../support/Person.js';
import { does, newStage } from '../support/stories.js';

const stage = newStage();

const addressOf = (name: string) => `${name}-${randomUUID().slice(0, 8)}@example.test`;

/** A new colleague at Acme who has signed in. */
async function colleague(name: string, role: 'AGENT' | 'ADMIN' = 'AGENT') {
  const email = addressOf(name.toLowerCase());
  const { agent, oneTimePassword } = await does(stage.cast.ada, CreateAgentDocument, {
    email,
    displayName: name,
    role,
  });
  const password = oneTimePassword!;
  const { token } = await does(stage.cast.nobody, SignInDocument, { email, password });
  return { email, password, person: new Person(stage.app.url, agent!.id, name, token) };
}

describe('creating an agent', () => {
  test('makes a colleague who signs in with the password that is shown once', async () => {
    const { ada, nobody } = stage.cast;
    const email = addressOf('Finn');
    const { agent, oneTimePassword } = await does(ada, CreateAgentDocument, {
      email: ` ${email} `,
      displayName: 'Finn',
    });
    expect(agent).toEqual({ id: agent!.id, email: email.toLowerCase(), role: 'AGENT' });
    const { viewer } = await does(nobody, SignInDocument, { email, password: oneTimePassword! });
    expect(viewer!.actor).toEqual({ id: agent!.id, displayName: 'Finn' });
    const { agents } = await ada.ask(AgentsDocument, { first: 100 });
    expect(JSON.stringify(agents)).toContain(agent!.id);
  });

  test('makes an admin, if asked', async () => {
    const { person } = await colleague('Greta', 'ADMIN');
    await does(person, UpdateWorkspaceDocument, { name: 'Acme' });
  });

  test('repeated with its key it makes nobody new and shows no password', async () => {
    const { ada } = stage.cast;
    const input = { email: addressOf('hanna'), displayName: 'Hanna', idempotencyKey: randomUUID() };
    const first = await does(ada, CreateAgentDocument, input);
    const before = await stage.everythingWritten();
    const again = await does(ada, CreateAgentDocument, input);
    expect(again).toEqual({ ...first, oneTimePassword: null });
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('refuses an address that an agent of the workspace has, in any case, and not one of another workspace', async () => {
    const { ada, gus } = stage.cast;
    const { email } = await colleague('Iris');
    for (const same of [email, email.toUpperCase(), ` ${email}`]) {
      const refusal = await stage.refusal(ada, CreateAgentDocument, { email: same, displayName: 'Iris II' });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['email'] });
    }
    const { agent } = await does(gus, CreateAgentDocument, { email, displayName: 'Iris' });
    expect(agent!.email).toBe(email);
  });

  test('of two at once with one address, one is made', async () => {
    const { ada } = stage.cast;
    const input = { email: addressOf('jon'), displayName: 'Jon' };
    const answers = await Promise.all([1, 2].map(() => ada.ask(CreateAgentDocument, { input })));
    const made = answers.filter(({ createAgent }) => createAgent.errors.length === 0);
    expect(made).toHaveLength(1);
  });

  test('refuses what is no address, and a name that says nothing', async () => {
    const { ada } = stage.cast;
    const wrong = ['', ' ', 'finn', 'finn@', '@example.test', 'f inn@example.test', `${'x'.repeat(250)}@y.test`];
    for (const email of wrong) {
      const refusal = await stage.refusal(ada, CreateAgentDocument, { email, displayName: 'Finn' });
      expect(refusal, email).toMatchObject({ code: 'INVALID_INPUT', path: ['email'] });
    }
    const refusal = await stage.refusal(ada, CreateAgentDocument, { email: addressOf('finn'), displayName: '  ' });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['displayName'] });
  });

  test('is for admins alone', async () => {
    const { ben, dana, bot, crm } = stage.cast;
    for (const person of [ben, dana, bot, crm])
      await stage.isForbidden(person, CreateAgentDocument, { email: addressOf('mallory'), displayName: 'Mallory' });
  });
});

describe('updating an agent', () => {
  test('changes name and role, and leaves what is not given', async () => {
    const { ada } = stage.cast;
    const { person } = await colleague('Kai');
    const { agent } = await does(ada, UpdateAgentDocument, { agentId: person.id, displayName: ' Kai B. ' });
    expect(agent).toEqual({ id: person.id, displayName: 'Kai B.', role: 'AGENT' });
    const before = await stage.everythingWritten();
    const same = await does(ada, UpdateAgentDocument, { agentId: person.id, displayName: null, role: null });
    expect(same.agent).toEqual(agent);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('a new role counts at once, both ways', async () => {
    const { ada } = stage.cast;
    const { person } = await colleague('Lena');
    await stage.isForbidden(person, UpdateWorkspaceDocument, { name: 'Acme' });
    await does(ada, UpdateAgentDocument, { agentId: person.id, role: 'ADMIN' });
    await does(person, UpdateWorkspaceDocument, { name: 'Acme' });
    await does(ada, UpdateAgentDocument, { agentId: person.id, role: 'AGENT' });
    await stage.isForbidden(person, UpdateWorkspaceDocument, { name: 'Acme' });
  });

  test('a workspace keeps an admin', async () => {
    const { app } = stage;
    const workspaceId = stage.cast.globex;
    const { gus } = stage.cast;
    const refusal = await stage.refusal(gus, UpdateAgentDocument, { agentId: gus.id, role: 'AGENT' });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['role'] });
    const second = await newPerson(app, app.url, workspaceId, 'Second', { kind: 'AGENT', role: 'ADMIN' });
    const demotions = [gus, second].map((admin) =>
      admin.attempt(UpdateAgentDocument, { input: { agentId: admin.id, role: 'AGENT' } }),
    );
    await Promise.all(demotions);
    const { rows } = await app.world.database.pool.query(
      `select 1 from actors where workspace_id = $1 and role = 'ADMIN'`,
      [workspaceId],
    );
    expect(rows).toHaveLength(1);
  });

  test('refuses whom it does not know, before any value is judged', async () => {
    const { app, cast } = stage;
    for (const agentId of [cast.gus.id, cast.dana.id, cast.bot.id, app.world.ids.next('agent'), 'ben', 'agent_\0']) {
      const refusal = await stage.refusal(cast.ada, UpdateAgentDocument, { agentId, displayName: '' });
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['agentId'] });
    }
  });

  test('refuses a name that says nothing', async () => {
    const { ada, ben } = stage.cast;
    for (const displayName of ['', '   ']) {
      const refusal = await stage.refusal(ada, UpdateAgentDocument, { agentId: ben.id, displayName });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['displayName'] });
    }
  });

  test('is for admins alone, also about oneself', async () => {
    const { ben, dana, bot, crm } = stage.cast;
    for (const person of [ben, dana, bot, crm])
      await stage.isForbidden(person, UpdateAgentDocument, { agentId: ben.id, displayName: 'Benjamin' });
  });
});

describe('setting a password', () => {
  test('of one’s own takes the present one, which is worth nothing then', async () => {
    const { nobody } = stage.cast;
    const { email, password, person } = await colleague('Mia');
    await does(person, SetPasswordDocument, { currentPassword: password, newPassword: 'correct horse' });
    const refusal = await stage.refusal(nobody, SignInDocument, { email, password });
    expect(refusal.code).toBe('INVALID_CREDENTIALS');
    const { viewer } = await does(nobody, SignInDocument, { email, password: 'correct horse' });
    expect(viewer!.actor.id).toBe(person.id);
    expect((await person.ask(MeDocument)).viewer.actor.id).toBe(person.id);
  });

  test('of one’s own is refused without the present one, to admins too', async () => {
    const { person } = await colleague('Nils', 'ADMIN');
    for (const currentPassword of [undefined, null, '', 'wrong password']) {
      for (const agentId of [undefined, person.id]) {
        const input = { agentId, currentPassword, newPassword: 'correct horse' };
        const refusal = await stage.refusal(person, SetPasswordDocument, input);
        expect(refusal).toMatchObject({ code: 'INVALID_CREDENTIALS', path: ['currentPassword'] });
      }
    }
  });

  test('of a colleague is an admin’s to set', async () => {
    const { ada, nobody } = stage.cast;
    const { email, person } = await colleague('Olga');
    await does(ada, SetPasswordDocument, { agentId: person.id, newPassword: 'correct horse' });
    await does(nobody, SignInDocument, { email, password: 'correct horse' });
  });

  test('of a colleague is nobody else’s, known or unknown', async () => {
    const { ben, cleo, gus } = stage.cast;
    for (const agentId of [cleo.id, gus.id, 'nobody'])
      await stage.isForbidden(ben, SetPasswordDocument, { agentId, newPassword: 'correct horse' });
  });

  test('takes 10 to 200 characters', async () => {
    const { ada, ben } = stage.cast;
    for (const newPassword of ['', 'nine char', 'x'.repeat(201), `null and \0`, `half a pair \ud83d`]) {
      const refusal = await stage.refusal(ada, SetPasswordDocument, { agentId: ben.id, newPassword });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['newPassword'] });
    }
    for (const newPassword of ['ten  chars', 'x'.repeat(200)])
      await does(ada, SetPasswordDocument, { agentId: ben.id, newPassword });
  });

  test('refuses whom the workspace does not know', async () => {
    const { app, cast } = stage;
    for (const agentId of [cast.gus.id, cast.dana.id, app.world.ids.next('agent'), 'ben', 'agent_\0']) {
      const input = { agentId, newPassword: 'correct horse' };
      const refusal = await stage.refusal(cast.ada, SetPasswordDocument, input);
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['agentId'] });
    }
  });

  test('is for agents', async () => {
    const { dana, bot, crm } = stage.cast;
    for (const person of [dana, bot, crm])
      await stage.isForbidden(person, SetPasswordDocument, { newPassword: 'correct horse' });
  });
});
