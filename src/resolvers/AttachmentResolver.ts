import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { requestUpload } from '../actions/files/requestUpload.js';
import type { AttachmentRow } from '../reads/rows.js';
import { Attachment } from '../schema/attachment.js';
import { RequestUploadInput, RequestUploadPayload } from '../schema/upload.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { settle } from './settle.js';

@Resolver(() => Attachment)
export class AttachmentResolver {
  @FieldResolver()
  url(@Root() { id }: AttachmentRow, @Ctx() { parts, caller }: Context): string {
    return parts.fileLinks.download(caller, id, 'original');
  }

  @FieldResolver()
  image(@Root() { id, imageWidth, imageHeight }: AttachmentRow, @Ctx() { parts, caller }: Context): object | null {
    if (imageWidth === null) return null;
    const thumbnailUrl = parts.fileLinks.download(caller, id, 'thumbnail');
    return { width: imageWidth, height: imageHeight, thumbnailUrl };
  }

  @Mutation(() => RequestUploadPayload, {
    description:
      'Makes room for a file: send its bytes to the URL, then name it in `attachmentIds`, once, within a day. ' +
      'FILE_TOO_LARGE and UNSUPPORTED_FILE_TYPE are told here by what is declared, and by the upload for what comes. ' +
      'Whoever may send messages.',
  })
  requestUpload(@Arg('input', inputDescription) input: RequestUploadInput, @Ctx() context: Context): Promise<object> {
    const { parts, caller } = context;
    const action = () => requestUpload(parts.world, caller, input);
    return settle(context, action, ({ subjectId }) => ({
      get upload() {
        return context.loaders.attachment.load(subjectId!).then((row) => row && uploadOf(context, row));
      },
    }));
  }
}

async function uploadOf(
  { parts }: Context,
  { id, contentType, byteSize, uploadExpiresAt }: AttachmentRow,
): Promise<object> {
  const { direct } = parts.files.store;
  const seconds = Math.ceil((uploadExpiresAt.getTime() - parts.world.clock.now().getTime()) / 1000);
  const url = direct && seconds > 0 ? await direct.uploadUrl(id, byteSize, seconds) : parts.fileLinks.upload(id);
  return {
    attachmentId: id,
    url,
    method: 'PUT',
    headers: [{ name: 'content-type', value: contentType }],
    expiresAt: uploadExpiresAt,
  };
}
