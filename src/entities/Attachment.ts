import { defineEntity, p } from '@mikro-orm/core';

/** What may be sent, as its content shows: images and documents, nothing that a browser would run. */
export const attachmentTypes: readonly string[] = [
  'image/png',
  'image/apng',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'application/pdf',
  'text/plain',
  'text/csv',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
];

export const maxAttachments = 10;

/** REQUESTED, then RECEIVING while its bytes come and are looked at, then READY or REFUSED; FORGOTTEN when it goes. */
export type AttachmentState = 'REQUESTED' | 'RECEIVING' | 'READY' | 'REFUSED' | 'FORGOTTEN';

export const AttachmentSchema = defineEntity({
  name: 'Attachment',
  tableName: 'attachments',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    uploaderId: p.text(),
    entryId: p.text().strictNullable(),
    position: p.integer().strictNullable(),
    fileName: p.text(),
    declaredType: p.text(),
    byteSize: p.integer(),
    contentType: p.text().strictNullable(),
    imageWidth: p.integer().strictNullable(),
    imageHeight: p.integer().strictNullable(),
    state: p.text().$type<AttachmentState>(),
    createdAt: p.datetime(),
    uploadExpiresAt: p.datetime(),
  },
});

/** A file that somebody uploads and then uses once, in one message or whisper. Its id is its name in the store. */
export class Attachment extends AttachmentSchema.class {
  useIn(entryId: string, position: number): void {
    this.entryId = entryId;
    this.position = position;
  }
}
AttachmentSchema.setClass(Attachment);
