/** What happens later: each job's name and what it is given. A job may run twice, and late: its handler looks again. */
export interface Jobs {
  /** a turn's time is up */
  'expire-ai-turn': { workspaceId: string; conversationId: string; turnId: string };
  /** an AI agent that Parley runs owes an answer */
  'answer-ai-turn': { workspaceId: string; conversationId: string; turnId: string; aiAgentId: string };
  /** a conversation has been idle for as long as its workspace waits */
  'resolve-idle': { workspaceId: string; conversationId: string };
  /** a conversation has been resolved for as long as its workspace waits */
  'finalize-resolved': { workspaceId: string; conversationId: string };
  /** an offer's time is up */
  'expire-transfer': { workspaceId: string; conversationId: string; transferId: string };
  /** an agent was deactivated: what they had is to be released */
  'release-agent': { workspaceId: string; agentId: string };
  /** a notification leaves by mail */
  'send-mail': { notificationId: string };
  /** a notification leaves to one of its agent's browsers */
  'send-push': { notificationId: string; subscriptionId: string };
  /** every minute: which of the timers above are due */
  'find-due': Record<string, never>;
  /** every minute: what a killed node left behind */
  'find-lost': Record<string, never>;
  /** every hour: what was kept long enough */
  'forget-old': Record<string, never>;
}
