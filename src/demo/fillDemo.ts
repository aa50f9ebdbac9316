import type { EntityManager, RequiredEntityData } from '@mikro-orm/postgresql';
import { hash } from '@node-rs/argon2';
import sql from 'sql-template-tag';
import type { World } from '../actions/World.js';
import { type Clock, later, systemClock } from '../clock.js';
import type { Database } from '../database/Database.js';
import { Actor } from '../entities/Actor.js';
import { usualMaxUploadBytes, Workspace } from '../entities/Workspace.js';
import { articles } from './articles.js';
import { integrationScopes } from './cast.js';
import { acmeAnswered } from './conversations/acmeAnswered.js';
import { acmeOffered } from './conversations/acmeOffered.js';
import { acmeTakenOver } from './conversations/acmeTakenOver.js';
import { acmeWaiting } from './conversations/acmeWaiting.js';
import { damagedDelivery } from './conversations/damagedDelivery.js';
import { globexConversations } from './conversations/globex.js';
import { type DemoPerson, demoPassword, demoPeople, demoWorkspaces } from './people.js';
import { type Script, Stage } from './screenplay.js';
import { seededIds } from './seededIds.js';

/** empty: nobody's yet; own: it holds workspaces that are not the demo's. */
export type DemoState = 'empty' | 'filling' | 'filled' | 'own';

export async function demoState(database: Database): Promise<DemoState> {
  const [row] = await database.read<{ demo: 'filling' | 'filled' | null; inUse: boolean }>(sql`
    select
      (select value from server_settings where name = 'demo') as demo,
      exists (select from workspaces) as "inUse"`);
  return row!.demo ?? (row!.inUse ? 'own' : 'empty');
}

/**
 * Fills an empty, migrated database with the demo: ids and words are the same every time, its days are the fortnight
 * before today. Starts over what was killed in the middle; waits for another node that is at it; what is filled stays.
 */
export async function fillDemo(database: Database, clock: Clock = systemClock): Promise<void> {
  const lock = await database.pool.connect();
  try {
    await lock.query('set statement_timeout = 0');
    await lock.query(`select pg_advisory_lock(hashtext('parley.demo'))`);
    const state = await demoState(database);
    if (state === 'filled') return;
    if (state === 'own') throw new Error('The database holds workspaces of its own: the demo stays out of it.');
    await remember(database, 'filling');
    // All that is ours hangs on a workspace. Only what an earlier attempt wrote can be there.
    if (state === 'filling') await database.read(sql`truncate workspaces cascade`);
    await fill(database, fortnightBefore(clock.now()));
    await remember(database, 'filled');
  } finally {
    // Not back into the pool: the lock goes with the session.
    lock.release(true);
  }
}

async function remember(database: Database, state: DemoState): Promise<void> {
  await database.read(sql`
    insert into server_settings (name, value) values ('demo', ${state})
    on conflict (name) do update set value = excluded.value`);
}

function fortnightBefore(now: Date): Date {
  const today = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  return later(today, -14 * 24 * 3600);
}

async function fill(database: Database, firstDay: Date): Promise<void> {
  const passwordHash = await hash(demoPassword);
  await database.orm.em.fork().transactional(async (em) => {
    await addPeople(em, firstDay);
    await em.execute(
      `insert into passwords (agent_id, hash, set_at) select id, ?, ? from actors where kind = 'AGENT'`,
      [passwordHash, firstDay],
    );
    await addArticles(em, firstDay);
  });
  await playAll(database, firstDay);
  await settle(database, firstDay);
}

/** What is left when all is played. Conversations are played at once, so notifications are numbered only now, by their
 * time; those of the last two days are unread. */
async function settle(database: Database, firstDay: Date): Promise<void> {
  await database.read(sql`update workspaces set transfer_timeout_seconds = 300`);
  await database.read(sql`
    update notifications set number = -number,
      read_at = case when created_at < ${later(firstDay, 12 * 24 * 3600)} then created_at + interval '10 minutes' end`);
  await database.read(sql`
    update notifications n set number = place.number
    from (select id, row_number() over (partition by agent_id order by created_at, id) as number from notifications) place
    where n.id = place.id`);
}

/** As long as can be while the demo is played: what was offered on its last evening waits until tonight. */
const offersLastSeconds = 86_400;

async function addPeople(em: EntityManager, createdAt: Date): Promise<void> {
  const workspaces = Object.entries(demoWorkspaces).map(([name, { id }]) =>
    em.create(Workspace, {
      id,
      name,
      defaultAiAgentId: null,
      replyPolicy: 'PARTICIPANTS',
      transferTimeoutSeconds: offersLastSeconds,
      maxUploadBytes: usualMaxUploadBytes,
      autoResolveAfterSeconds: null,
      autoFinalizeAfterSeconds: null,
      translateWhispers: null,
      createdAt,
    }),
  );
  await em.persist(workspaces).flush();
  for (const person of demoPeople) em.persist(em.create(Actor, { ...blankActor, ...actorOf(person), createdAt }));
  for (const { id, systemId } of Object.values(demoWorkspaces)) {
    const system = { id: systemId, workspaceId: id, kind: 'SYSTEM', displayName: 'System' } as const;
    em.persist(em.create(Actor, { ...blankActor, ...system, createdAt }));
  }
  await em.flush();
  for (const workspace of workspaces) {
    workspace.defaultAiAgentId = demoWorkspaces[workspace.name as DemoPerson['workspace']].defaultAiAgentId;
  }
  await em.flush();
}

const blankActor: Omit<RequiredEntityData<Actor>, 'id' | 'workspaceId' | 'kind' | 'displayName' | 'createdAt'> = {
  avatarUrl: null,
  email: null,
  handle: null,
  externalId: null,
  phone: null,
  language: null,
  role: null,
  active: true,
  answersBy: null,
  scopes: [],
};

const contacts: Record<string, { externalId: string; phone: string; language: string }> = {
  'dana@example.test': { externalId: 'crm-1001', phone: '+41 44 555 01 01', language: 'de' },
  'eli@example.test': { externalId: 'crm-1002', phone: '+34 93 555 01 02', language: 'es' },
  'ivy@example.test': { externalId: 'crm-2001', phone: '+1 212 555 0103', language: 'en' },
};

type Identity = Pick<Actor, 'id' | 'workspaceId' | 'kind' | 'displayName'> & Partial<Actor>;

function actorOf({ id, handle, displayName, role, workspace }: DemoPerson): Identity {
  const who = { id, workspaceId: demoWorkspaces[workspace].id, displayName };
  switch (role) {
    case 'ADMIN':
    case 'AGENT':
      return { ...who, kind: 'AGENT', role, email: handle };
    case 'CUSTOMER':
      return { ...who, kind: role, email: handle, ...contacts[handle] };
    case 'AI_AGENT':
      return { ...who, kind: role, handle, answersBy: workspace === 'Acme' ? 'ARTICLES' : 'EXTERNAL' };
    case 'INTEGRATION':
      return { ...who, kind: role, handle, scopes: [...integrationScopes] };
  }
}

async function addArticles(em: EntityManager, createdAt: Date): Promise<void> {
  const ids = seededIds('articles');
  for (const { title, body } of articles) {
    await em.execute(
      `insert into articles (id, workspace_id, title, body, language, created_at) values (?, ?, ?, ?, 'en', ?)`,
      [ids.next('art'), demoWorkspaces.Acme.id, title, body, createdAt],
    );
  }
}

/** At once: what waits for the database in one conversation leaves time for another. */
const stagesAtOnce = 4;

async function playAll(database: Database, firstDay: Date): Promise<void> {
  const silence: World['bells'] = { ring: () => {}, hear: () => () => {} };
  const stages = (scripts: readonly Script[], seed: string) =>
    scripts.map((script, index) => new Stage({ database, bells: silence }, script, `${seed} ${index + 1}`, firstDay));
  // The longest first, so that it is not waited for alone.
  const waiting = [
    ...stages([damagedDelivery], 'acme damaged delivery'),
    ...stages(acmeAnswered, 'acme answered'),
    ...stages(acmeTakenOver, 'acme taken over'),
    ...stages(acmeWaiting, 'acme waiting'),
    ...stages(acmeOffered, 'acme offered'),
    ...stages(globexConversations, 'globex'),
  ].values();
  const played = await Promise.allSettled(
    Array.from({ length: stagesAtOnce }, async () => {
      for (const stage of waiting) await stage.play();
    }),
  );
  // Only now: whoever starts over must not meet one that still writes.
  for (const result of played) if (result.status === 'rejected') throw result.reason;
}
