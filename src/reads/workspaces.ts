import sql from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import type { Database } from '../database/Database.js';
import type { WorkspaceRow } from './rows.js';

/** The viewer's own workspace: no other is ever read. */
export async function workspaceOf(database: Database, viewer: Viewer): Promise<WorkspaceRow> {
  const [row] = await database.read<WorkspaceRow>(sql`
    select w.id, w.name, w.default_ai_agent_id as "defaultAiAgentId", w.reply_policy as "replyPolicy",
      w.max_upload_bytes as "maxUploadBytes",
      w.transfer_timeout_seconds as "transferTimeoutSeconds",
      w.auto_resolve_after_seconds as "autoResolveAfterSeconds",
      w.auto_finalize_after_seconds as "autoFinalizeAfterSeconds", w.translate_whispers as "translateWhispers"
    from workspaces w where w.id = ${viewer.workspaceId}`);
  return row!;
}
