import sql, { empty, type Sql } from 'sql-template-tag';
import { mayEver } from './roles.js';
import { isAgent, isCustomer, type Viewer } from './Viewer.js';

/**
 * The one place for seeing: a viewer becomes the conditions of a query. Every read goes through here: pages, `node`,
 * fields, counts, streams, the door's lock. Aliases are fixed: `c` conversations, `e` entries, `p` participants,
 * `a` actors, `t` turns, `x` transfers, `k` tickets, `n` notifications, `f` attachments.
 */

/** How much of a conversation is open to a viewer: what everyone sees, or also what only the team sees. */
export type View = 'EVERYONE' | 'TEAM';

export const viewOf = (viewer: Viewer): View => (mayEver(viewer, 'readTeamEntries') ? 'TEAM' : 'EVERYONE');

const nothing = sql`false`;

/** Conversations (`c`) that the viewer may read. */
export function visibleConversations(viewer: Viewer): Sql {
  const ofWorkspace = sql`c.workspace_id = ${viewer.workspaceId}`;
  switch (viewer.kind) {
    case 'CUSTOMER':
      return sql`${ofWorkspace} and c.customer_id = ${viewer.id}`;
    case 'AI_AGENT':
      return sql`${ofWorkspace} and c.ai_agent_id = ${viewer.id}`;
    case 'INTEGRATION':
      return mayEver(viewer, 'readEveryone') ? ofWorkspace : nothing;
    case 'AGENT':
    case 'SYSTEM':
      return ofWorkspace;
  }
}

/** Conversations (`c`) that the viewer may act upon: those they may read, and those that an integration may write to. */
export function reachableConversations(viewer: Viewer): Sql {
  const writes = mayEver(viewer, 'sendMessage') || mayEver(viewer, 'createTicket');
  return writes && viewer.kind === 'INTEGRATION'
    ? sql`c.workspace_id = ${viewer.workspaceId}`
    : visibleConversations(viewer);
}

/** Entries (`e`) of a conversation that the viewer may read. Literals, so that the partial indexes serve them. */
export function visibleEntries(viewer: Viewer): Sql {
  if (isAgent(viewer))
    return sql`(e.audience in ('EVERYONE', 'TEAM') or e.audience = 'SELF' and e.actor_id = ${viewer.id})`;
  return viewOf(viewer) === 'TEAM' ? sql`e.audience in ('EVERYONE', 'TEAM')` : sql`e.audience = 'EVERYONE'`;
}

/** When a participant (`p`) came, as the viewer may know it; null: not for this viewer. To everyone they are there from
 * when they were first assigned or heard; to the team while they are in. */
export function participantSince(viewer: Viewer): Sql {
  return viewOf(viewer) === 'TEAM' ? sql`p.joined_at` : sql`p.public_since`;
}

/** Whether the viewer may read when `p` last read; of others that is the team's to know. */
export const mayReadMarkOf = (viewer: Viewer, actorId: string) =>
  viewer.id === actorId || mayEver(viewer, 'readTeamFields');

/** Actors (`a`) whom the viewer may look up by id: themself, and whoever they can meet in what they may read. */
export function visibleActors(viewer: Viewer): Sql {
  const ofWorkspace = sql`a.workspace_id = ${viewer.workspaceId}`;
  if (mayEver(viewer, 'readTeamFields')) return ofWorkspace;
  return sql`${ofWorkspace} and (
    a.id = ${viewer.id}
    or a.id = (select w.default_ai_agent_id from workspaces w where w.id = a.workspace_id)
    or exists (
      select from conversations c
      where ${visibleConversations(viewer)} and (
        a.id in (c.customer_id, c.ai_agent_id)
        or exists (
          select from entries e
          where e.conversation_id = c.id and ${visibleEntries(viewer)} and (e.actor_id = a.id or e.agent_id = a.id)))))`;
}

/** Turns (`t`) belong to the AI agent that owes the answer. */
export function visibleAiTurns(viewer: Viewer): Sql {
  return viewer.kind === 'AI_AGENT'
    ? sql`t.workspace_id = ${viewer.workspaceId} and t.ai_agent_id = ${viewer.id}`
    : nothing;
}

/** Offers (`x`) are the team's. */
export function visibleTransfers(viewer: Viewer): Sql {
  return mayEver(viewer, 'readTeamFields') ? sql`x.workspace_id = ${viewer.workspaceId}` : nothing;
}

/** Tickets (`k`) are the team's, and of integrations that may read them. */
export function visibleTickets(viewer: Viewer): Sql {
  return mayEver(viewer, 'readTickets') ? sql`k.workspace_id = ${viewer.workspaceId}` : nothing;
}

/** Tickets (`k`) that the viewer may act upon: those they may read, and those that an integration may write to. */
export function reachableTickets(viewer: Viewer): Sql {
  return mayEver(viewer, 'updateTicket') ? sql`k.workspace_id = ${viewer.workspaceId}` : visibleTickets(viewer);
}

/** Attachments (`f`) are seen with their entry; until they have one, by whoever uploads them. */
export function visibleAttachments(viewer: Viewer): Sql {
  return sql`f.workspace_id = ${viewer.workspaceId} and f.state <> 'FORGOTTEN' and (
    f.entry_id is null and f.uploader_id = ${viewer.id}
    or exists (
      select from entries e join conversations c on c.id = e.conversation_id
      where e.id = f.entry_id and ${visibleEntries(viewer)} and ${visibleConversations(viewer)}))`;
}

/** Notifications (`n`) are for the agent who is told, in the app. */
export function visibleNotifications(viewer: Viewer): Sql {
  return isAgent(viewer) ? sql`n.agent_id = ${viewer.id} and 'IN_APP' = any(n.channels)` : nothing;
}

/** Viewers with the same key see the same entries of a conversation that both may read, so one read serves them all. */
export function sharedViewKey(viewer: Viewer): string {
  return isAgent(viewer) ? viewer.id : viewOf(viewer);
}

/** Whether a change that only these may know concerns the viewer. */
export type Part = 'EVERYONE' | 'CUSTOMER_READ' | 'TEAM_ENTRY' | 'TEAM_STATE' | 'NOTE';

export function mayNotice(viewer: Viewer, part: Part): boolean {
  switch (part) {
    case 'EVERYONE':
      return true;
    case 'CUSTOMER_READ':
      return isCustomer(viewer) || mayEver(viewer, 'readTeamFields');
    case 'TEAM_ENTRY':
      return viewOf(viewer) === 'TEAM';
    case 'TEAM_STATE':
      return mayEver(viewer, 'readTeamFields');
    case 'NOTE':
      return isAgent(viewer);
  }
}

/** When the customer last read. The team sees it by its own number; an AI agent not at all. */
const customersReading = sql`(
  select extract(epoch from r.read_at) from read_marks r
  where r.conversation_id = c.id and r.actor_id = c.customer_id)`;

/** The numbers that move when something has changed which this viewer may read; never with anything else. */
export function noticedVersion(viewer: Viewer): Sql {
  return sql`concat_ws('.', c.position, c.public_version
    ${mayNotice(viewer, 'TEAM_ENTRY') ? sql`, c.team_position` : empty}
    ${mayNotice(viewer, 'TEAM_STATE') ? sql`, c.team_version` : empty}
    ${isCustomer(viewer) ? sql`, ${customersReading}` : empty})`;
}

/** The same across conversations (`c`): the last transaction that changed what this viewer may read. */
export function noticedTransaction(viewer: Viewer): Sql {
  return mayNotice(viewer, 'TEAM_ENTRY') ? sql`greatest(c.state_xid, c.team_xid)` : sql`c.state_xid`;
}
