import { Field, Int, ObjectType } from 'type-graphql';
import { Node } from './Node.js';
import { UrlScalar } from './scalars.js';

@ObjectType({ description: 'What a picture looks like, of the first one if it moves.' })
export class ImageInfo {
  @Field(() => Int, { description: 'In pixels, as it is shown.' })
  width!: number;

  @Field(() => Int, { description: 'In pixels, as it is shown.' })
  height!: number;

  @Field(() => UrlScalar, { description: 'A WebP of at most 320 by 320 pixels; signed like `Attachment.url`.' })
  thumbnailUrl!: string;
}

@ObjectType({ implements: Node, description: 'A file in a message or whisper. Whoever sees the entry sees it.' })
export class Attachment extends Node {
  @Field({ description: 'What its sender called it: a label on one line, without a path. Escape it when you show it.' })
  fileName!: string;

  @Field({ description: 'What its content shows it to be, as a media type.' })
  contentType!: string;

  @Field(() => Int, { description: 'How large it is.' })
  byteSize!: number;

  @Field(() => UrlScalar, {
    description:
      'Where to download it, for this viewer alone, for at least 15 minutes; ask again then. Never keep it as its name.',
  })
  url!: string;

  @Field(() => ImageInfo, { nullable: true, description: 'Size and small version of a picture; null for others.' })
  image!: object | null;
}
