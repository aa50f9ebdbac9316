import { createWorkspace } from '../../src/actions/createWorkspace.js';
import type { App } from '../../src/app.js';
import { Actor, type ActorKind, type Scope } from '../../src/entities/Actor.js';
import { Workspace } from '../../src/entities/Workspace.js';
import type { IdKind } from '../../src/ids.js';
import { knowToken } from './canaries.js';
import { Person } from './Person.js';

const idKinds: Record<ActorKind, IdKind> = {
  CUSTOMER: 'cust',
  AGENT: 'agent',
  AI_AGENT: 'ai',
  INTEGRATION: 'int',
  SYSTEM: 'sys',
};

/** Two workspaces, as in every test: Acme with all roles, and Globex, whose people are outsiders. */
export interface Cast {
  acme: string;
  globex: string;
  /** admin at Acme */
  ada: Person;
  /** agents at Acme */
  ben: Person;
  cleo: Person;
  /** customers of Acme */
  dana: Person;
  eli: Person;
  /** Acme's default AI agent, a partner's program */
  bot: Person;
  /** an integration of Acme with all scopes, and one that may read conversations but not whispers */
  crm: Person;
  reader: Person;
  /** Globex's admin, customer and AI agent */
  gus: Person;
  ivy: Person;
  globot: Person;
  nobody: Person;
  leave(): Promise<void>;
}

export async function castOf(app: App, url = app.url, tokenSeconds = 3600): Promise<Cast> {
  const acme = await newWorkspace(app, 'Acme');
  const globex = await newWorkspace(app, 'Globex');
  const person = (workspaceId: string, name: string, actor: ActorOptions) =>
    newPerson(app, url, workspaceId, name, actor, tokenSeconds);
  const [ada, ben, cleo, dana, eli, bot, crm, reader, gus, ivy, globot] = await Promise.all([
    person(acme, 'Ada', { kind: 'AGENT', role: 'ADMIN' }),
    person(acme, 'Ben', { kind: 'AGENT', role: 'AGENT' }),
    person(acme, 'Cleo', { kind: 'AGENT', role: 'AGENT' }),
    person(acme, 'Dana', { kind: 'CUSTOMER' }),
    person(acme, 'Eli', { kind: 'CUSTOMER' }),
    person(acme, 'Acme Bot', { kind: 'AI_AGENT' }),
    person(acme, 'Acme CRM', {
      kind: 'INTEGRATION',
      scopes: [
        'CONVERSATIONS_READ',
        'MESSAGES_WRITE',
        'WHISPERS_READ',
        'CUSTOMERS_READ',
        'TICKETS_READ',
        'TICKETS_WRITE',
      ],
    }),
    person(acme, 'Reader', { kind: 'INTEGRATION', scopes: ['CONVERSATIONS_READ'] }),
    person(globex, 'Gus', { kind: 'AGENT', role: 'ADMIN' }),
    person(globex, 'Ivy', { kind: 'CUSTOMER' }),
    person(globex, 'Globex Bot', { kind: 'AI_AGENT' }),
  ] as const);
  await setDefaultAiAgent(app, acme, bot.id);
  await setDefaultAiAgent(app, globex, globot.id);
  const nobody = new Person(url, '', 'nobody', null);
  const people = { ada, ben, cleo, dana, eli, bot, crm, reader, gus, ivy, globot, nobody };
  return {
    acme,
    globex,
    ...people,
    async leave() {
      await Promise.all(Object.values(people).map((one) => one.leave()));
    },
  };
}

export interface ActorOptions {
  kind: ActorKind;
  role?: 'AGENT' | 'ADMIN';
  scopes?: Scope[];
  answersBy?: 'ARTICLES' | 'EXTERNAL';
  email?: string;
}

/** One more workspace, without timers and without people. */
export async function newWorkspace({ world }: App, name: string): Promise<string> {
  return world.database.orm.em.fork().transactional(async (em) => {
    const workspace = await createWorkspace(world, em, name);
    workspace.autoResolveAfterSeconds = null;
    workspace.autoFinalizeAfterSeconds = null;
    return workspace.id;
  });
}

/** One more person or program, with a token. */
export async function newPerson(
  { world, tokens }: App,
  url: string,
  workspaceId: string,
  displayName: string,
  { kind, role, scopes = [], answersBy = 'EXTERNAL', email }: ActorOptions,
  tokenSeconds = 3600,
): Promise<Person> {
  const id = world.ids.next(idKinds[kind]);
  const handle = displayName.toLowerCase().replace(/\W+/g, '-');
  const isProgram = kind === 'AI_AGENT' || kind === 'INTEGRATION';
  const em = world.database.orm.em.fork();
  em.create(Actor, {
    id,
    workspaceId,
    kind,
    displayName,
    avatarUrl: null,
    email: isProgram ? null : (email ?? `${handle}.${id.slice(-6)}@example.test`),
    handle: isProgram ? handle : null,
    externalId: null,
    phone: null,
    language: null,
    role: kind === 'AGENT' ? (role ?? 'AGENT') : null,
    active: true,
    answersBy: kind === 'AI_AGENT' ? answersBy : null,
    scopes,
    createdAt: world.clock.now(),
  });
  await em.flush();
  const { token } = await tokens.issue(id, tokenSeconds);
  knowToken(token, { id, workspaceId, readsWhispers: kind === 'AGENT' || scopes.includes('WHISPERS_READ') });
  return new Person(url, id, displayName, token);
}

export async function setDefaultAiAgent({ world }: App, workspaceId: string, aiAgentId: string | null): Promise<void> {
  await world.database.orm.em.fork().nativeUpdate(Workspace, { id: workspaceId }, { defaultAiAgentId: aiAgentId });
}
