import { isAdmin, type Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import { forbidden, Refusal } from '../errors.js';
import { isIdOf } from '../ids.js';
import { type Outcome, once } from './once.js';
import { checkNewPassword, passwordMatches, storePassword } from './passwords.js';
import { foundAt } from './texts.js';
import type { World } from './World.js';

export interface SetPasswordInput {
  agentId?: string | null;
  currentPassword?: string | null;
  newPassword: string;
}

/** One's own, with the present one; anybody's of the workspace, for admins. */
export function setPassword(world: World, viewer: Viewer, input: SetPasswordInput): Promise<Outcome> {
  const agentId = input.agentId ?? viewer.id;
  const isOwn = agentId === viewer.id;
  if (!isOwn && !isAdmin(viewer)) throw forbidden();
  return once(
    world,
    { name: 'setPassword', viewer, input },
    async (em) => {
      const { workspaceId } = viewer;
      const agent = isIdOf(agentId, 'agent')
        ? await em.findOne(Actor, { id: agentId, workspaceId, active: true })
        : null;
      return foundAt(agent, 'agentId');
    },
    async (em, agent) => {
      checkNewPassword(input.newPassword, 'newPassword');
      if (isOwn) {
        const [row] = await em.execute<{ hash: string }[]>('select hash from passwords where agent_id = ?', [agent.id]);
        if (!(await passwordMatches(row?.hash ?? null, input.currentPassword ?? ''))) {
          throw new Refusal('INVALID_CREDENTIALS', ['currentPassword']);
        }
      }
      await storePassword(em, agent.id, input.newPassword, world.clock.now());
      return { outcome: { conversationId: null, subjectId: agent.id, entryId: null, entryIds: [] }, rings: [] };
    },
  );
}
