import { Field, ObjectType } from 'type-graphql';
import type { TranslationStatus as TranslationStatusValue } from '../entities/languages.js';
import { TranslationStatus } from './enums.js';
import { LanguageCode } from './scalars.js';

@ObjectType({
  description: 'A text in another language, or why there is none. Made by a machine: show the original too.',
})
export class Translation {
  @Field(() => TranslationStatus, { description: 'Whether it was translated, or else why not.' })
  status!: TranslationStatusValue;

  @Field(() => String, { nullable: true, description: 'The translated words; null unless the status is TRANSLATED.' })
  text!: string | null;

  @Field(() => LanguageCode, {
    nullable: true,
    description: 'The language of the original as Parley told it; null when it was not sure.',
  })
  from!: string | null;

  @Field(() => LanguageCode, { description: 'The language that was asked for.' })
  to!: string;
}
