/** What an AI agent is shown of a conversation: public words only, whoever runs it. */
export interface AiConversation {
  /** the customer's messages that it must answer, oldest first */
  unanswered: string[];
  /** what was said before, oldest first, by whom */
  before: { by: 'customer' | 'aiAgent' | 'human'; text: string }[];
  /** whether people handled the conversation and gave it back */
  humanSpoke: boolean;
}

export type AiReply = { say: string } | { askForHuman: string; say: string };

/** Whoever composes an AI agent's answers. May throw, and may take long: the turn's deadline bounds it. */
export interface AiModel {
  reply(conversation: AiConversation): Promise<AiReply>;
}
