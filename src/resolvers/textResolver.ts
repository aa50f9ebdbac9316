import { Arg, type ClassType, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { isAgent } from '../auth/Viewer.js';
import { canonicalLanguage } from '../entities/languages.js';
import type { EntryRow } from '../reads/rows.js';
import { LanguageCode } from '../schema/scalars.js';
import { Message, Whisper } from '../schema/timeline.js';
import { Translation } from '../schema/translation.js';
import { Context } from './Context.js';

/** What somebody wrote, in its language and in others: the same of a message and of a whisper. */
function textResolver(type: ClassType<object>): new () => object {
  @Resolver(() => type)
  class TextResolver {
    @FieldResolver(() => LanguageCode, {
      nullable: true,
      description: 'The language it is written in, told when it was written; null when unsure, as of a few words.',
    })
    language(@Root() { language }: EntryRow): string | null {
      return language;
    }

    @FieldResolver(() => String, {
      nullable: true,
      description:
        "The text in the viewer's preferred language, if they are an agent with `autoTranslate` on and it is in another. " +
        'Null too when the engine has no answer within a second: `translation` says why.',
    })
    async translatedText(@Root() entry: EntryRow, @Ctx() { caller, loaders }: Context): Promise<string | null> {
      if (!isAgent(caller) || entry.language === null) return null;
      const { autoTranslate, preferredLanguage } = await loaders.profile;
      if (!autoTranslate || preferredLanguage === null) return null;
      return (await loaders.translation.load({ entry, to: preferredLanguage })).text;
    }

    @FieldResolver(() => Translation, {
      nullable: true,
      description: 'The text in any language that the engine offers, within a second or with a status. Team only.',
    })
    translation(
      @Root() entry: EntryRow,
      @Arg('to', () => LanguageCode, { description: 'The language to read it in.' }) to: string,
      @Ctx() { loaders }: Context,
    ): object {
      const language = canonicalLanguage(to);
      if (language === null) return { status: 'UNSUPPORTED_LANGUAGE', text: null, from: entry.language, to };
      return loaders.translation.load({ entry, to: language });
    }
  }
  return TextResolver;
}

export const MessageTextResolver = textResolver(Message);
export const WhisperTextResolver = textResolver(Whisper);
