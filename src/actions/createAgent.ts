import type { EntityManager } from '@mikro-orm/postgresql';
import type { Viewer } from '../auth/Viewer.js';
import { Actor, type AgentRole } from '../entities/Actor.js';
import { invalidInput } from '../errors.js';
import { lockAdmin } from './lockAdmin.js';
import { type Outcome, once } from './once.js';
import { oneTimePassword, storePassword } from './passwords.js';
import { limits, requiredText } from './texts.js';
import type { World } from './World.js';

export interface CreateAgentInput {
  email: string;
  displayName: string;
  role?: AgentRole | null;
  idempotencyKey?: string | null;
}

/** Adds a colleague, who signs in with a one-time password. A repeated call makes nobody new and shows no password. */
export async function createAgent(
  world: World,
  viewer: Viewer,
  input: CreateAgentInput,
): Promise<{ outcome: Outcome; password: string | null }> {
  let password: string | null = null;
  const outcome = await once(
    world,
    { name: 'createAgent', viewer, input },
    (em) => lockAdmin(em, viewer),
    async (em) => {
      password = oneTimePassword();
      const agent = await addAgent(world, em, viewer.workspaceId, input, password);
      return { outcome: { conversationId: null, subjectId: agent.id, entryId: null, entryIds: [] }, rings: [] };
    },
  );
  return { outcome, password };
}

/** Also the first agent of a workspace, whom no admin adds. An e-mail that an agent of the workspace has: INVALID_INPUT. */
export async function addAgent(
  { ids, clock }: Pick<World, 'ids' | 'clock'>,
  em: EntityManager,
  workspaceId: string,
  input: Omit<CreateAgentInput, 'idempotencyKey'>,
  password: string,
): Promise<Actor> {
  const email = requiredText(input.email, 'email', limits.email).toLowerCase();
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw invalidInput(['email'], 'This is not an e-mail address.');
  const displayName = requiredText(input.displayName, 'displayName', limits.name);
  const taken = await em.execute(
    `select 1 from actors where workspace_id = ? and kind = 'AGENT' and lower(email) = ?`,
    [workspaceId, email],
  );
  if (taken.length > 0) throw invalidInput(['email'], 'An agent of this workspace has this e-mail address.');
  const agent = em.create(Actor, {
    id: ids.next('agent'),
    workspaceId,
    kind: 'AGENT',
    displayName,
    avatarUrl: null,
    email,
    handle: null,
    externalId: null,
    phone: null,
    language: null,
    role: input.role ?? 'AGENT',
    active: true,
    answersBy: null,
    scopes: [],
    createdAt: clock.now(),
  });
  await em.persist(agent).flush();
  await storePassword(em, agent.id, password, clock.now());
  return agent;
}
