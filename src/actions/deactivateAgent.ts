import type { Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import { isIdOf } from '../ids.js';
import { keepAnAdmin, lockAdmin } from './lockAdmin.js';
import { type Outcome, once } from './once.js';
import { releaseAgent } from './releaseAgent.js';
import { foundAt } from './texts.js';
import type { World } from './World.js';

export interface DeactivateAgentInput {
  agentId: string;
  idempotencyKey?: string | null;
}

/**
 * Ends an agent's access: first they are marked, so that nothing new comes to them, and their streams end; then, one
 * conversation after another, what they had is released. A job does the rest if this process dies in between. Twice:
 * nothing changes. A workspace keeps an admin.
 */
export async function deactivateAgent(world: World, viewer: Viewer, input: DeactivateAgentInput): Promise<Outcome> {
  const { workspaceId } = viewer;
  const outcome = await once(
    world,
    { name: 'deactivateAgent', viewer, input },
    async (em) => {
      await lockAdmin(em, viewer);
      const isAgentId = isIdOf(input.agentId, 'agent');
      return foundAt(isAgentId ? await em.findOne(Actor, { id: input.agentId, workspaceId }) : null, 'agentId');
    },
    async (em, agent) => {
      const outcome = { conversationId: null, subjectId: agent.id, entryId: null, entryIds: [] };
      if (!agent.active) return { outcome, rings: [] };
      if (agent.role === 'ADMIN') await keepAnAdmin(em, agent, 'agentId');
      agent.active = false;
      await em.execute(`select graphile_worker.add_job('release-agent', ?::json, job_key => ?)`, [
        JSON.stringify({ workspaceId, agentId: agent.id }),
        `release-agent:${agent.id}`,
      ]);
      return { outcome, rings: [{ about: 'standing', actorId: agent.id }] };
    },
  );
  await releaseAgent(world, { workspaceId, agentId: outcome.subjectId! });
  return outcome;
}
