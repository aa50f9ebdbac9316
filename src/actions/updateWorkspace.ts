import type { Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import type { ReplyPolicy } from '../entities/Workspace.js';
import { invalidInput } from '../errors.js';
import { isIdOf } from '../ids.js';
import { lockAdmin } from './lockAdmin.js';
import { type Outcome, once } from './once.js';
import { foundAt, limits, requiredText } from './texts.js';
import type { World } from './World.js';

export interface UpdateWorkspaceInput {
  name?: string | null;
  replyPolicy?: ReplyPolicy | null;
  transferTimeoutSeconds?: number | null;
  maxUploadBytes?: number | null;
  autoResolveAfterSeconds?: number | null;
  autoFinalizeAfterSeconds?: number | null;
  translateWhispers?: boolean | null;
  defaultAiAgentId?: string | null;
}

const shortestIdle = 300;
const shortestOffer = 30;
const longestOffer = 86_400;
const smallestUpload = 1024;
const largestUpload = 1024 ** 3;

/** Changes the workspace's settings. A timer counts for conversations that are already idle or resolved, too. */
export function updateWorkspace(world: World, viewer: Viewer, input: UpdateWorkspaceInput): Promise<Outcome> {
  return once(
    world,
    { name: 'updateWorkspace', viewer, input },
    async (em) => {
      const workspace = await lockAdmin(em, viewer);
      const { defaultAiAgentId } = input;
      if (defaultAiAgentId !== null && defaultAiAgentId !== undefined) {
        const isAiAgentId = isIdOf(defaultAiAgentId, 'ai');
        const where = { id: defaultAiAgentId, workspaceId: workspace.id };
        foundAt(isAiAgentId ? await em.findOne(Actor, where) : null, 'defaultAiAgentId');
      }
      return workspace;
    },
    async (_, workspace) => {
      const { autoResolveAfterSeconds, autoFinalizeAfterSeconds, defaultAiAgentId } = input;
      const name = input.name === undefined ? workspace.name : requiredText(input.name, 'name', limits.name);
      if ((autoResolveAfterSeconds ?? shortestIdle) < shortestIdle) {
        throw invalidInput(['autoResolveAfterSeconds'], `This must be at least ${shortestIdle}.`);
      }
      if ((autoFinalizeAfterSeconds ?? 0) < 0) {
        throw invalidInput(['autoFinalizeAfterSeconds'], 'This must not be negative.');
      }
      const transferTimeoutSeconds = input.transferTimeoutSeconds ?? workspace.transferTimeoutSeconds;
      if (transferTimeoutSeconds < shortestOffer || transferTimeoutSeconds > longestOffer) {
        throw invalidInput(['transferTimeoutSeconds'], `This takes ${shortestOffer} to ${longestOffer}.`);
      }
      const maxUploadBytes = input.maxUploadBytes ?? workspace.maxUploadBytes;
      if (maxUploadBytes < smallestUpload || maxUploadBytes > largestUpload) {
        throw invalidInput(['maxUploadBytes'], `This takes ${smallestUpload} to ${largestUpload}.`);
      }
      workspace.maxUploadBytes = maxUploadBytes;
      workspace.transferTimeoutSeconds = transferTimeoutSeconds;
      workspace.name = name;
      workspace.replyPolicy = input.replyPolicy ?? workspace.replyPolicy;
      if (autoResolveAfterSeconds !== undefined) workspace.autoResolveAfterSeconds = autoResolveAfterSeconds;
      if (autoFinalizeAfterSeconds !== undefined) workspace.autoFinalizeAfterSeconds = autoFinalizeAfterSeconds;
      if (input.translateWhispers !== undefined) workspace.translateWhispers = input.translateWhispers;
      if (defaultAiAgentId !== undefined) workspace.defaultAiAgentId = defaultAiAgentId;
      return { outcome: { conversationId: null, subjectId: workspace.id, entryId: null, entryIds: [] }, rings: [] };
    },
  );
}
