import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.js';
import { isIdOf } from '../ids.js';
import type { Viewer } from './Viewer.js';

/** The file as it was sent, or the small picture of it. */
export type FileVariant = 'original' | 'thumbnail';

/** What a link to a file was made for. */
export interface FileLink {
  attachmentId: string;
  variant: FileVariant;
  /** the actor or, of a program, the API key that was shown */
  holderId: string;
}

/** What a link to a transcript was made for. */
export interface TranscriptLink {
  conversationId: string;
  format: 'TEXT' | 'JSON';
  audience: 'EVERYONE' | 'TEAM';
  holderId: string;
}

const windowMs = 15 * 60_000;
const letters: Record<FileVariant, string> = { original: 'o', thumbnail: 't' };

/** Signs the URLs of files. A link says what it is of, for whom and until when, and is worth nothing to anybody else:
 * what its holder may see is looked at again when it is used. */
export class FileLinks {
  private readonly key: Uint8Array;

  constructor(
    secret: Uint8Array,
    private readonly clock: Clock,
    /** as clients see it; known when the server listens */
    private readonly publicUrl: () => string,
  ) {
    this.key = new Uint8Array(hkdfSync('sha256', secret, '', 'parley files', 32));
  }

  /** Good for 15 to 30 minutes, and the same for a quarter of an hour: nothing in it tells when or how often it was asked for. */
  download(viewer: Viewer, attachmentId: string, variant: FileVariant): string {
    const said = [attachmentId, letters[variant], holderOf(viewer), this.expiry()].join('.');
    return `${this.publicUrl()}/files/${said}.${this.sign(`download ${said}`)}`;
  }

  /** The same for a conversation as a file, which is made when it is fetched. */
  transcript(viewer: Viewer, { conversationId, format, audience }: Omit<TranscriptLink, 'holderId'>): string {
    const said = [conversationId, format, audience, holderOf(viewer), this.expiry()].join('.');
    return `${this.publicUrl()}/files/transcripts/${said}.${this.sign(`transcript ${said}`)}`;
  }

  openTranscript(token: string): TranscriptLink | null {
    const [conversationId = '', format, audience, holderId = '', expiry = '', signature = '', ...more] =
      token.split('.');
    const said = [conversationId, format, audience, holderId, expiry].join('.');
    if (more.length > 0 || !this.isSigned(`transcript ${said}`, signature) || this.isOver(expiry)) return null;
    return { conversationId, format, audience, holderId } as TranscriptLink;
  }

  /** What a download's token is for; null for whatever is not one, or no longer. */
  openDownload(token: string): FileLink | null {
    const [attachmentId = '', letter, holderId = '', expiry = '', signature = '', ...more] = token.split('.');
    const said = [attachmentId, letter, holderId, expiry].join('.');
    if (more.length > 0 || !this.isSigned(`download ${said}`, signature)) return null;
    if (this.isOver(expiry)) return null;
    return { attachmentId, variant: letter === letters.original ? 'original' : 'thumbnail', holderId };
  }

  upload(attachmentId: string): string {
    return `${this.publicUrl()}/files/uploads/${attachmentId}.${this.sign(`upload ${attachmentId}`)}`;
  }

  /** Whose bytes an upload's token brings; how long it is good for stands with the attachment. */
  openUpload(token: string): string | null {
    const [attachmentId = '', signature = '', ...more] = token.split('.');
    if (more.length > 0 || !this.isSigned(`upload ${attachmentId}`, signature)) return null;
    return isIdOf(attachmentId, 'att') ? attachmentId : null;
  }

  private expiry(): string {
    return ((Math.floor(this.clock.now().getTime() / windowMs) + 2) * windowMs).toString(36);
  }

  private isOver(expiry: string): boolean {
    return Number.parseInt(expiry, 36) <= this.clock.now().getTime();
  }

  private sign(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url');
  }

  private isSigned(text: string, signature: string): boolean {
    const [ours, theirs] = [Buffer.from(this.sign(text)), Buffer.from(signature)];
    return ours.length === theirs.length && timingSafeEqual(ours, theirs);
  }
}

const holderOf = (viewer: Viewer) => viewer.apiKeyId ?? viewer.id;
