import sql from 'sql-template-tag';
import type { Viewer } from '../../auth/Viewer.js';
import { visibleNotifications } from '../../auth/visibility.js';
import { invalidInput, notFoundAt } from '../../errors.js';
import { isIdOf } from '../../ids.js';
import type { World } from '../World.js';

export interface MarkNotificationsReadInput {
  upToId?: string | null;
  ids?: string[] | null;
}

/** Marks the viewer's notifications as read: those named, all up to one, or all. What was read stays as it was. */
export async function markNotificationsRead(
  { database, clock }: World,
  viewer: Viewer,
  { upToId = null, ids = null }: MarkNotificationsReadInput,
): Promise<void> {
  if (upToId !== null && ids !== null) throw invalidInput(['ids'], 'Give upToId or ids, not both.');
  const field = ids ? 'ids' : 'upToId';
  const named = [...new Set(ids ?? (upToId === null ? [] : [upToId]))];
  if (!named.every((id) => isIdOf(id, 'ntf'))) throw notFoundAt(field);
  const found = await database.read<{ number: number }>(sql`
    select n.number from notifications n where n.id = any(${named}) and ${visibleNotifications(viewer)}`);
  if (found.length < named.length) throw notFoundAt(field);
  const which = ids ? sql`n.id = any(${named})` : sql`n.number <= ${found[0]?.number ?? Number.MAX_SAFE_INTEGER}`;
  await database.read(sql`
    update notifications n set read_at = ${clock.now()}
    where ${visibleNotifications(viewer)} and n.read_at is null and ${which}`);
}
