import sql from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { visibleAiTurns } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { AiTurnRow } from './rows.js';

const columns = sql`
  t.id, t.conversation_id as "conversationId", t.ai_agent_id as "aiAgentId", t.opened_at as "openedAt",
  t.expires_at as "expiresAt", t.after_position as "afterPosition", t.up_to_position as "upToPosition",
  t.human_from as "humanFrom", t.human_to as "humanTo"`;

/** By id, only the AI agent's own. */
export function aiTurnsByIds(database: Database, viewer: Viewer, ids: readonly string[]): Promise<AiTurnRow[]> {
  return database.read<AiTurnRow>(sql`
    select ${columns} from ai_turns t where t.id = any(${ids}) and ${visibleAiTurns(viewer)}`);
}

/** The answers that an AI agent owes now, oldest first. */
export function openAiTurns(database: Database, viewer: Viewer, now: Date): Promise<AiTurnRow[]> {
  return database.read<AiTurnRow>(sql`
    select ${columns} from ai_turns t
    where ${visibleAiTurns(viewer)} and t.closed_at is null and t.expires_at > ${now}
    order by t.opened_at, t.id limit 1000`);
}
