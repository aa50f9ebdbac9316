import { LockMode } from '@mikro-orm/postgresql';
import { mayEver } from '../../auth/roles.js';
import type { Viewer } from '../../auth/Viewer.js';
import { later } from '../../clock.js';
import { Actor } from '../../entities/Actor.js';
import { Attachment, attachmentTypes } from '../../entities/Attachment.js';
import { Workspace } from '../../entities/Workspace.js';
import { forbidden, invalidInput, Refusal, rateLimited, unauthenticated } from '../../errors.js';
import { type Outcome, once } from '../once.js';
import { limits, requiredText } from '../texts.js';
import type { World } from '../World.js';
import { fileName } from './fileName.js';

export interface RequestUploadInput {
  fileName: string;
  contentType: string;
  byteSize: number;
  idempotencyKey?: string | null;
}

const uploadSeconds = 15 * 60;
/** Nobody writes that much at a time; without a bound anybody could fill the store. */
const maxUnused = 100;

/** Makes room for a file that the caller is about to upload, and may then use in one message or whisper. */
export function requestUpload(world: World, viewer: Viewer, input: RequestUploadInput): Promise<Outcome> {
  return once(
    world,
    { name: 'requestUpload', viewer, input },
    async (em) => {
      const self = await em.findOne(Actor, { id: viewer.id }, { lockMode: LockMode.PESSIMISTIC_READ });
      if (!self?.active) throw unauthenticated();
      if (!mayEver({ ...viewer, role: self.role, scopes: self.scopes }, 'requestUpload')) throw forbidden();
      return em.findOneOrFail(Workspace, { id: viewer.workspaceId });
    },
    async (em, { maxUploadBytes }) => {
      const name = fileName(input.fileName, 'fileName');
      const declaredType = mediaType(requiredText(input.contentType, 'contentType', limits.contentType));
      const { byteSize } = input;
      if (byteSize < 1) throw invalidInput(['byteSize'], 'A file has at least one byte.');
      if (byteSize > maxUploadBytes) throw new Refusal('FILE_TOO_LARGE', ['byteSize']);
      if (!attachmentTypes.includes(declaredType)) throw new Refusal('UNSUPPORTED_FILE_TYPE', ['contentType']);
      const unused = await em.count(Attachment, { uploaderId: viewer.id, entryId: null });
      if (unused >= maxUnused) throw rateLimited(uploadSeconds);
      const now = world.clock.now();
      const attachment = em.create(Attachment, {
        id: world.ids.next('att'),
        workspaceId: viewer.workspaceId,
        uploaderId: viewer.id,
        entryId: null,
        position: null,
        fileName: name,
        declaredType,
        byteSize,
        contentType: null,
        imageWidth: null,
        imageHeight: null,
        state: 'REQUESTED',
        createdAt: now,
        uploadExpiresAt: later(now, uploadSeconds),
      });
      em.persist(attachment);
      return { outcome: { conversationId: null, subjectId: attachment.id, entryId: null, entryIds: [] }, rings: [] };
    },
  );
}

/** Without its parameters, as `text/plain; charset=utf-8` has one. */
const mediaType = (text: string) => text.split(';', 1)[0]!.trim().toLowerCase();
