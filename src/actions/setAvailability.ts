import type { Viewer } from '../auth/Viewer.js';
import type { Availability } from '../entities/Presence.js';
import { unauthenticated } from '../errors.js';
import { type Outcome, once } from './once.js';
import type { World } from './World.js';

/** What the calling agent is to their colleagues from now on, for as long as they are here. The call counts as being
 * seen, so that it shows without a socket too. */
export function setAvailability(world: World, viewer: Viewer, input: { availability: Availability }): Promise<Outcome> {
  return once(
    world,
    { name: 'setAvailability', viewer, input },
    async () => {},
    async (em) => {
      const rows = await em.execute(
        `insert into presences as known (agent_id, workspace_id, chosen, seen_at)
         select id, workspace_id, ?, ? from actors where id = ? and active
         on conflict (agent_id) do update set
           chosen = excluded.chosen, seen_at = greatest(known.seen_at, excluded.seen_at)
         returning agent_id`,
        [input.availability, world.clock.now(), viewer.id],
      );
      if (rows.length === 0) throw unauthenticated();
      return { outcome: { conversationId: null, subjectId: viewer.id, entryId: null, entryIds: [] }, rings: [] };
    },
  );
}
