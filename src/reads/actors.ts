import sql, { empty, raw, type Sql } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { visibleActors } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { Availability } from '../entities/Presence.js';
import type { PageRequest } from './page.js';
import { availabilityAt } from './presence.js';
import type { ActorRow } from './rows.js';

const columns = sql`
  a.id, a.kind, a.display_name as "displayName", a.avatar_url as "avatarUrl", a.email, a.external_id as "externalId",
  a.phone, a.language, a.role, a.active, a.scopes`;

/** An actor as JSON, for a subselect of another row; null when there is none. */
export function actorJson(id: Sql): Sql {
  return sql`(select row_to_json(actor) from (select ${columns} from actors a where a.id = ${id}) actor)`;
}

/** By id, whoever may be seen from where the id was found. */
export function actorsByIds(database: Database, workspaceId: string, ids: readonly string[]): Promise<ActorRow[]> {
  return database.read<ActorRow>(sql`
    select ${columns} from actors a where a.workspace_id = ${workspaceId} and a.id = any(${ids})`);
}

/** By id, only those whom the viewer may look up. */
export function visibleActorsByIds(database: Database, viewer: Viewer, ids: readonly string[]): Promise<ActorRow[]> {
  return database.read<ActorRow>(sql`
    select ${columns} from actors a where ${visibleActors(viewer)} and a.id = any(${ids})`);
}

/** Active agents of the workspace by name, all or those of one availability at this moment: one more than the page, so that the caller knows whether more follow. */
export function agentsPage(
  database: Database,
  viewer: Viewer,
  page: PageRequest<{ displayName: string; id: string }>,
  available: { as: Availability; at: Date } | null,
): Promise<ActorRow[]> {
  const { after, before, backward, limit } = page;
  const direction = raw(backward ? 'desc' : 'asc');
  return database.read<ActorRow>(sql`
    select ${columns} from actors a
    where ${visibleActors(viewer)} and a.kind = 'AGENT' and a.active
      ${available ? sql`and ${availabilityAt(available.at)} = ${available.as}` : empty}
      ${after ? sql`and (a.display_name, a.id) > (${after.displayName}, ${after.id})` : empty}
      ${before ? sql`and (a.display_name, a.id) < (${before.displayName}, ${before.id})` : empty}
    order by a.display_name ${direction}, a.id ${direction}
    limit ${raw(String(limit + 1))}`);
}
