import type { Config } from './config.js';

/** Addresses that leave Parley, in its answers and in mails. */
export class Links {
  constructor(
    private readonly config: Pick<Config, 'PUBLIC_URL' | 'CONVERSATION_URL'>,
    /** where this node listens: all that is known without PUBLIC_URL */
    private readonly ownUrl: () => string,
  ) {}

  /** Where a person opens a conversation: in the operator's own frontend if its form is configured, else on our page. */
  conversation(id: string): string {
    const form = this.config.CONVERSATION_URL ?? `${this.base}/conversations/{id}`;
    return form.replaceAll('{id}', encodeURIComponent(id));
  }

  entry(conversationId: string, id: string): string {
    return `${this.conversation(conversationId)}#${encodeURIComponent(id)}`;
  }

  unsubscribe(token: string): string {
    return `${this.base}/notifications/unsubscribe?token=${token}`;
  }

  private get base(): string {
    return (this.config.PUBLIC_URL ?? this.ownUrl()).replace(/\/+$/, '');
  }
}
