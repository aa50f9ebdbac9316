/** A mail to one person. The same one has the same `id` at each try, so that who gets it twice can tell. */
export interface Mail {
  id: string;
  /** mails with the same are one thread in the reader's inbox */
  threadId: string;
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  /** takes a POST, without any login, after which no such mail comes any more */
  unsubscribeUrl: string;
}

/** Whoever sends mails. */
export interface Mailer {
  /** `refused`: the recipient's address or this mail will never be taken. Whatever may pass is thrown. */
  send(mail: Mail, signal: AbortSignal): Promise<{ refused: string | null }>;
  /** Whether the last try failed for another reason than what was to be sent. */
  readonly isFailing: boolean;
  close(): void;
}
