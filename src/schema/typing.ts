import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Actor } from './actors.js';
import { TypingAudience } from './enums.js';

@InputType({ description: 'Say it again every few seconds while it lasts: it ends by itself after six.' })
export class SetTypingInput {
  @Field(() => ID, { description: 'Which conversation; NOT_FOUND if it is not there or not visible.' })
  conversationId!: string;

  @Field({ description: 'True while the viewer types; false when they have stopped without sending.' })
  typing!: boolean;

  @Field(() => TypingAudience, {
    nullable: true,
    defaultValue: 'EVERYONE',
    description: 'For whom the text is meant: a message, or for agents a whisper to the team.',
  })
  audience?: 'EVERYONE' | 'TEAM' | null;
}

@ObjectType({ description: 'That somebody began to type, or no longer does.' })
export class TypingState {
  @Field(() => Actor, { description: 'Who; never the viewer.' })
  actor!: object;

  @Field({ description: 'True: they type. False: they stopped, sent it, may no longer send, or fell silent.' })
  typing!: boolean;

  @Field(() => TypingAudience, { description: 'For whom the text is meant; one actor may type for each.' })
  audience!: 'EVERYONE' | 'TEAM';
}
