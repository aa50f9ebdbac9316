import type { Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import { invalidInput } from '../errors.js';
import { isIdOf } from '../ids.js';
import { throughTheDoor } from './door.js';
import { attach, lockAttachments, textBeside } from './files/useAttachments.js';
import type { Outcome } from './once.js';
import { join } from './participation.js';
import type { Scene } from './Scene.js';
import { foundAt } from './texts.js';
import type { World } from './World.js';

export interface WhisperInput {
  conversationId: string;
  text?: string | null;
  attachmentIds?: string[] | null;
  mentionIds?: string[] | null;
  audience?: 'TEAM' | 'SELF' | null;
  idempotencyKey?: string | null;
}

/**
 * A text for the team alone, or a note that only its author ever sees. It takes nothing over, pauses nothing, reopens
 * nothing, and moves nothing that the customer can see. Whispering to the team makes one a participant; a note does not.
 */
export function whisper(world: World, viewer: Viewer, input: WhisperInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'whisper', viewer, input, conversationId }, async (scene) => {
    const mentionIds = await findMentioned(scene, [...new Set(input.mentionIds ?? [])]);
    const attachments = await lockAttachments(scene.em, viewer, input);
    const text = textBeside(attachments, input.text);
    const isNote = input.audience === 'SELF';
    if (isNote && mentionIds.length > 0) throw invalidInput(['mentionIds'], 'A personal note mentions nobody.');
    scene.require('whisper');
    if (!isNote) await join(scene);
    const entry = isNote ? await scene.note(text) : scene.whisper(text, mentionIds);
    attach(attachments, entry);
    if (mentionIds.length > 0) scene.notify({ kind: 'MENTIONED', to: mentionIds, entry });
    return { subjectId: entry.id, entry };
  });
}

async function findMentioned({ em, conversation }: Scene, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const { workspaceId } = conversation;
  const wellFormed = ids.filter((id) => isIdOf(id, 'agent'));
  const found = await em.find(Actor, { workspaceId, kind: 'AGENT', active: true, id: { $in: wellFormed } });
  foundAt(found.length === ids.length ? found : null, 'mentionIds');
  return ids;
}
