import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { keyDescription } from './conversationInputs.js';
import { Payload } from './payloads.js';
import { DateTime, UrlScalar, UUID } from './scalars.js';

@ObjectType({ description: 'A header that the upload must carry.' })
export class UploadHeader {
  @Field({ description: 'As in `content-type`.' })
  name!: string;

  @Field({ description: 'Exactly what to send.' })
  value!: string;
}

@ObjectType({ description: 'Where to send the bytes of a file, once.' })
export class Upload {
  @Field(() => ID, { description: 'For `attachmentIds`, when the bytes are there.' })
  attachmentId!: string;

  @Field(() => UrlScalar, { description: 'Where to; whoever has it can upload, so keep it to yourself.' })
  url!: string;

  @Field({ description: 'The HTTP method: PUT.' })
  method!: string;

  @Field(() => [UploadHeader], { description: 'What to send with it, besides the length that every client sends.' })
  headers!: object[];

  @Field(() => DateTime, { description: 'Until when the upload may begin.' })
  expiresAt!: Date;
}

@InputType({ description: 'A file that is about to be uploaded.' })
export class RequestUploadInput {
  @Field({ description: 'A label for people: the last part of a path, up to 255 code points, the rest is cut off.' })
  fileName!: string;

  @Field({
    description:
      'Its media type: PNG, JPEG, GIF, WebP, AVIF, PDF, plain text, CSV, or a document of Office or OpenDocument. The ' +
      'content decides in the end.',
  })
  contentType!: string;

  @Field(() => Int, { description: 'Exactly how many bytes will come, at most `Workspace.maxUploadBytes`.' })
  byteSize!: number;

  @Field(() => UUID, { nullable: true, description: keyDescription })
  idempotencyKey?: string | null;
}

@ObjectType({ description: 'Where to upload.' })
export class RequestUploadPayload extends Payload {
  @Field(() => Upload, { nullable: true, description: 'The upload; null when refused.' })
  upload!: object | null;
}
