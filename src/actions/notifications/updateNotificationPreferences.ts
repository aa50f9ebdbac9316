import sql from 'sql-template-tag';
import type { Viewer } from '../../auth/Viewer.js';
import type { NotificationChannel, NotificationKind } from '../../entities/Notification.js';
import { invalidInput } from '../../errors.js';
import type { World } from '../World.js';

export interface UpdateNotificationPreferencesInput {
  preferences: { kind: NotificationKind; channels: NotificationChannel[] }[];
}

/** Chooses the channels of some kinds, from the next notification on. A kind that is named twice: INVALID_INPUT. */
export async function updateNotificationPreferences(
  { database }: World,
  viewer: Viewer,
  { preferences }: UpdateNotificationPreferencesInput,
): Promise<void> {
  const kinds = preferences.map(({ kind }) => kind);
  if (new Set(kinds).size < kinds.length) throw invalidInput(['preferences'], 'Each kind can be named once.');
  const chosen = preferences.map(({ kind, channels }) => ({ kind, channels: [...new Set(channels)].sort() }));
  await database.read(sql`
    insert into notification_preferences (workspace_id, agent_id, kind, channels)
    select ${viewer.workspaceId}, ${viewer.id}, chosen.kind, chosen.channels
    from json_to_recordset(${JSON.stringify(chosen)}::json) chosen (kind text, channels text[])
    on conflict (agent_id, kind) do update set channels = excluded.channels`);
}
