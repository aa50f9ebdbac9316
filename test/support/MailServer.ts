import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { eventually } from './eventually.js';

export interface ReceivedMail extends ParsedMail {
  /** the bytes as they came */
  raw: string;
  /** whom the server was told to give it to */
  recipients: string[];
}

type Stage = 'connect' | 'recipient' | 'data';
/** An answer with a code refuses; `drop` ends the connection without an answer; null: all is well. */
type Mood = (stage: Stage, address: string) => { code: number } | 'drop' | null;

/** A real mail server on a port that stays its own, also while it is down. What it took is in `mails`. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  mood: Mood = () => null;
  port = 0;
  private server: SMTPServer | null = null;

  static async start(): Promise<MailServer> {
    const server = new MailServer();
    await server.start();
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      closeTimeout: 100,
      onConnect: (session, done) => this.answer('connect', session, '', done),
      onRcptTo: ({ address }, session, done) => this.answer('recipient', session, address, done),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('end', async () => {
          const raw = Buffer.concat(chunks);
          const recipients = session.envelope.rcptTo.map(({ address }) => address);
          const mail = { ...(await simpleParser(raw)), raw: raw.toString(), recipients };
          const mood = this.mood('data', recipients[0]!);
          if (mood === null || mood === 'drop') this.mails.push(mail);
          this.answerWith(mood, session, done);
        });
      },
    });
    server.on('error', () => {}); // a connection that was dropped on purpose
    server.listen(this.port, '127.0.0.1');
    await once(server.server, 'listening');
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Those with this in the subject, once there are as many. */
  async about(subject: string, count = 1): Promise<ReceivedMail[]> {
    const found = () => this.mails.filter((mail) => mail.subject?.includes(subject));
    await eventually(
      () => found().length,
      (length) => length >= count,
    );
    return found();
  }

  private answer(stage: Stage, session: SMTPServerSession, address: string, done: (error?: Error) => void): void {
    this.answerWith(this.mood(stage, address), session, done);
  }

  private answerWith(mood: ReturnType<Mood>, session: SMTPServerSession, done: (error?: Error) => void): void {
    if (mood === 'drop') {
      for (const connection of this.server?.connections ?? []) {
        const { id, _socket } = connection as unknown as { id: string; _socket: { destroy(): void } };
        if (id === session.id) _socket.destroy();
      }
    } else if (mood === null) done();
    else done(Object.assign(new Error('as the test wants it'), { responseCode: mood.code }));
  }
}
