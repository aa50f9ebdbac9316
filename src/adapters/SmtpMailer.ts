import { createTransport } from 'nodemailer';
import type { Mail, Mailer } from './Mailer.js';

const connectMs = 10_000;
const silenceMs = 15_000;
/** Of one mail, however slowly its server drips. */
const sendMs = 60_000;

/** What nodemailer throws: which command failed, and what the server said to it, if it said anything. */
interface SmtpError extends Error {
  command?: string;
  responseCode?: number;
}

/** Sends over SMTP, on connections that are kept. A server that does not answer is given up after seconds, not minutes. */
export class SmtpMailer implements Mailer {
  isFailing = false;
  private readonly transport;
  private readonly domain: string;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    this.domain = from.replace(/>$/, '').split('@').at(-1)!;
    this.transport = createTransport({
      url,
      pool: true,
      connectionTimeout: connectMs,
      greetingTimeout: connectMs,
      dnsTimeout: connectMs,
      socketTimeout: silenceMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send(mail: Mail, signal: AbortSignal): Promise<{ refused: string | null }> {
    try {
      await this.transport.sendMail({
        from: this.from,
        to: mail.to,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: `<${mail.id}@${this.domain}>`,
        references: `<${mail.threadId}@${this.domain}>`,
        headers: {
          'Auto-Submitted': 'auto-generated',
          'List-Unsubscribe': `<${mail.unsubscribeUrl}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(sendMs)]),
      });
      this.isFailing = false;
      return { refused: null };
    } catch (error) {
      const { command, responseCode = 0, message } = error as SmtpError;
      // Said of the address or of the mail. The same said of the sender or of a login is an operator's to mend.
      const refused = responseCode >= 500 && (command === 'RCPT TO' || command === 'DATA') ? message : null;
      this.isFailing = refused === null;
      if (refused === null) throw error;
      return { refused };
    }
  }

  close(): void {
    this.transport.close();
  }
}
