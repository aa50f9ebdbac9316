import type { Viewer } from '../auth/Viewer.js';
import { Actor, type AgentRole } from '../entities/Actor.js';
import { isIdOf } from '../ids.js';
import { keepAnAdmin, lockAdmin } from './lockAdmin.js';
import { type Outcome, once } from './once.js';
import { foundAt, limits, requiredText } from './texts.js';
import type { World } from './World.js';

export interface UpdateAgentInput {
  agentId: string;
  displayName?: string | null;
  role?: AgentRole | null;
}

/** Changes a colleague's name or role; a new role counts at once, on open streams too. A workspace keeps an admin. */
export function updateAgent(world: World, viewer: Viewer, input: UpdateAgentInput): Promise<Outcome> {
  return once(
    world,
    { name: 'updateAgent', viewer, input },
    async (em) => {
      await lockAdmin(em, viewer);
      const isAgentId = isIdOf(input.agentId, 'agent');
      const { workspaceId } = viewer;
      return foundAt(isAgentId ? await em.findOne(Actor, { id: input.agentId, workspaceId }) : null, 'agentId');
    },
    async (em, agent) => {
      const displayName = requiredText(input.displayName ?? agent.displayName, 'displayName', limits.name);
      const role = input.role ?? agent.role;
      if (agent.role === 'ADMIN' && role !== 'ADMIN') await keepAnAdmin(em, agent, 'role');
      agent.displayName = displayName;
      agent.role = role;
      return {
        outcome: { conversationId: null, subjectId: agent.id, entryId: null, entryIds: [] },
        rings: [{ about: 'standing', actorId: agent.id }],
      };
    },
  );
}
