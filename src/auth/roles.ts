import type { Scope } from '../entities/Actor.js';
import { hasScope, isAdmin, isAgent, isAiAgent, isCustomer, type Viewer } from './Viewer.js';

/** Which roles may ever do a thing; whether they may now is the policies' question. */
export interface Grant {
  customers?: true;
  agents?: true;
  admins?: true;
  aiAgents?: true;
  integrations?: Scope;
}

/** "What each role may do" of PRODUCT.md. A role that a line does not name gets FORBIDDEN, whatever the data. */
export const roleTable = {
  readEveryone: { customers: true, agents: true, aiAgents: true, integrations: 'CONVERSATIONS_READ' },
  readTeamEntries: { agents: true, integrations: 'WHISPERS_READ' },
  readTeamFields: { agents: true, integrations: 'CONVERSATIONS_READ' },
  readCustomerDetails: { agents: true, integrations: 'CUSTOMERS_READ' },
  readTickets: { agents: true, integrations: 'TICKETS_READ' },

  startConversation: { customers: true, integrations: 'MESSAGES_WRITE' },
  sendMessage: { customers: true, agents: true, aiAgents: true, integrations: 'MESSAGES_WRITE' },
  requestUpload: { customers: true, agents: true, aiAgents: true, integrations: 'MESSAGES_WRITE' },
  requestHuman: { customers: true, aiAgents: true },
  whisper: { agents: true },
  takeOverConversation: { agents: true },
  handBackConversation: { agents: true },
  joinConversation: { agents: true },
  leaveConversation: { agents: true },
  transferConversation: { agents: true },
  acceptTransfer: { agents: true },
  declineTransfer: { agents: true },
  cancelTransfer: { agents: true },
  createTicket: { agents: true, integrations: 'TICKETS_WRITE' },
  updateTicket: { agents: true, integrations: 'TICKETS_WRITE' },
  addTicketComment: { agents: true, integrations: 'TICKETS_WRITE' },
  resolveConversation: { agents: true },
  reopenConversation: { agents: true },
  finalizeConversation: { customers: true, agents: true },
  updateConversation: { agents: true },
  markConversationRead: { customers: true, agents: true },
  setPassword: { agents: true },
  markNotificationsRead: { agents: true },
  updateNotificationPreferences: { agents: true },
  setTyping: { customers: true, agents: true, aiAgents: true },
  setAvailability: { agents: true },
  registerPushSubscription: { agents: true },
  removePushSubscription: { agents: true },
  updateProfile: { agents: true },

  createAgent: { admins: true },
  updateAgent: { admins: true },
  deactivateAgent: { admins: true },
  updateWorkspace: { admins: true },

  followTimeline: { customers: true, agents: true, aiAgents: true, integrations: 'CONVERSATIONS_READ' },
  followWhispers: { agents: true, integrations: 'WHISPERS_READ' },
  followInbox: { agents: true, integrations: 'CONVERSATIONS_READ' },
  followNotifications: { agents: true },
  followAiTurns: { aiAgents: true },
  followTyping: { customers: true, agents: true, aiAgents: true },
} as const satisfies Record<string, Grant>;
export type Deed = keyof typeof roleTable;

/** Whether this viewer's role may ever do this. The system's timers are not roles: they ask no table. */
export function mayEver(viewer: Viewer, deed: Deed): boolean {
  const grant: Grant = roleTable[deed];
  return (
    (grant.customers === true && isCustomer(viewer)) ||
    (grant.agents === true && isAgent(viewer)) ||
    (grant.admins === true && isAdmin(viewer)) ||
    (grant.aiAgents === true && isAiAgent(viewer)) ||
    (grant.integrations !== undefined && hasScope(viewer, grant.integrations))
  );
}
