import { LockMode } from '@mikro-orm/postgresql';
import type { Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import { canonicalLanguage } from '../entities/languages.js';
import { invalidInput, unauthenticated } from '../errors.js';
import { type Outcome, once } from './once.js';
import { limits, requiredText } from './texts.js';
import type { World } from './World.js';

export interface UpdateProfileInput {
  displayName?: string | null;
  avatarUrl?: URL | null;
  preferredLanguage?: string | null;
  autoTranslate?: boolean | null;
}

const longestUrl = 2000;

/** Changes an agent's own name, picture and languages. Whoever chooses a language for the first time gets everything
 * translated, unless they have said that they do not want it. */
export function updateProfile(world: World, viewer: Viewer, input: UpdateProfileInput): Promise<Outcome> {
  return once(
    world,
    { name: 'updateProfile', viewer, input },
    async (em) => {
      const agent = await em.findOne(Actor, { id: viewer.id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!agent?.active) throw unauthenticated();
      return agent;
    },
    async (em, agent) => {
      agent.displayName = requiredText(input.displayName ?? agent.displayName, 'displayName', limits.name);
      if (input.avatarUrl !== undefined) agent.avatarUrl = pictureAddress(input.avatarUrl);
      const language = input.preferredLanguage && canonical(input.preferredLanguage);
      await em.execute(
        `insert into profiles (workspace_id, agent_id, preferred_language, auto_translate)
         values (?, ?, ?, coalesce(?::boolean, case when ?::text is not null then true end))
         on conflict (agent_id) do update set
           preferred_language = case when ?::boolean then excluded.preferred_language else profiles.preferred_language end,
           auto_translate = coalesce(?::boolean, profiles.auto_translate, excluded.auto_translate)`,
        [
          agent.workspaceId,
          agent.id,
          language ?? null,
          input.autoTranslate ?? null,
          language ?? null,
          language !== undefined,
          input.autoTranslate ?? null,
        ],
      );
      return { outcome: { conversationId: null, subjectId: agent.id, entryId: null, entryIds: [] }, rings: [] };
    },
  );
}

function canonical(tag: string): string {
  const language = canonicalLanguage(tag);
  if (language === null) throw invalidInput(['preferredLanguage'], 'This is not a language as BCP 47 names it.');
  return language;
}

/** Shown on pages of customers: an address of another kind could run there. */
function pictureAddress(url: URL | null): string | null {
  if (url !== null && !(/^https?:$/.test(url.protocol) && url.href.length <= longestUrl)) {
    throw invalidInput(['avatarUrl'], `This takes an http or https address of at most ${longestUrl} characters.`);
  }
  return url?.href ?? null;
}
