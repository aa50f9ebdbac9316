import type { Viewer } from '../auth/Viewer.js';
import type { Priority } from '../entities/Conversation.js';
import { invalidInput } from '../errors.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import { limits, optionalText, requiredText } from './texts.js';
import type { World } from './World.js';

export interface UpdateConversationInput {
  conversationId: string;
  subject?: string | null;
  priority?: Priority | null;
  tags?: string[] | null;
  idempotencyKey?: string | null;
}

const maxTags = 20;

/** Changes subject (null or blank removes it), priority and tags (the whole list); what is not given stays. Only a new
 * subject moves anything that the customer can see. */
export function updateConversation(world: World, viewer: Viewer, input: UpdateConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'updateConversation', viewer, input, conversationId }, async (scene) => {
    const { conversation, now } = scene;
    const subject =
      input.subject === undefined ? conversation.subject : optionalText(input.subject, 'subject', limits.subject);
    const tags = input.tags ? uniqueTags(input.tags) : conversation.tags;
    const priority = input.priority ?? conversation.priority;
    scene.require('update');
    if (subject !== conversation.subject) {
      conversation.subject = subject;
      conversation.updatedAt = now;
      scene.touch('EVERYONE');
    }
    if (priority !== conversation.priority || tags.join('\n') !== conversation.tags.join('\n')) {
      conversation.priority = priority;
      conversation.tags = tags;
      scene.touch('TEAM_STATE');
    }
    return {};
  });
}

function uniqueTags(tags: string[]): string[] {
  const unique = [...new Set(tags.map((tag) => requiredText(tag, 'tags', limits.tag)))];
  if (unique.length > maxTags) throw invalidInput(['tags'], `A conversation has at most ${maxTags} tags.`);
  if (unique.some((tag) => tag.includes('\n'))) throw invalidInput(['tags'], 'A tag is one line.');
  return unique;
}
