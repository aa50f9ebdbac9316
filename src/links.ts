import type { Config } from './config.js';
import { conversationForms, conversationIdIn, conversationUrl, ticketUrl } from './conversationUrl.js';

/** Addresses that leave Parley, in its answers and in mails. */
export class Links {
  constructor(
    private readonly config: Pick<Config, 'PUBLIC_URL' | 'CONVERSATION_URL'>,
    /** where this node listens: all that is known without PUBLIC_URL */
    private readonly ownUrl: () => string,
  ) {}

  /** Where a person opens a conversation: in the operator's own frontend if its form is configured, else on our page. */
  conversation(id: string): string {
    return conversationUrl(this.forms, id);
  }

  entry(conversationId: string, id: string): string {
    return `${this.conversation(conversationId)}#${encodeURIComponent(id)}`;
  }

  ticket(conversationId: string, number: number): string {
    return ticketUrl(this.forms, conversationId, number);
  }

  /** The id in a link to a conversation, of whichever form; null in any other. */
  conversationIdIn(url: URL): string | null {
    return conversationIdIn(url, this.forms);
  }

  unsubscribe(token: string): string {
    return `${(this.config.PUBLIC_URL ?? this.ownUrl()).replace(/\/+$/, '')}/notifications/unsubscribe?token=${token}`;
  }

  private get forms(): string[] {
    return conversationForms(this.config, this.ownUrl());
  }
}
