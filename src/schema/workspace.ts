import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { ReplyPolicy as ReplyPolicyValue } from '../entities/Workspace.js';
import { Actor, AiAgent } from './actors.js';
import { ReplyPolicy } from './enums.js';
import { Node } from './Node.js';
import { AgentProfile } from './profile.js';

@ObjectType({ implements: Node, description: 'The tenant: nothing that belongs to one is ever seen from another.' })
export class Workspace extends Node {
  @Field({ description: 'What it is called; its customers see it too.' })
  name!: string;

  @Field(() => AiAgent, {
    nullable: true,
    description: 'The AI agent that answers new conversations; null: none does.',
  })
  defaultAiAgent!: object | null;

  @Field(() => Int, { description: 'The largest file that can be uploaded, in bytes.' })
  maxUploadBytes!: number;

  @Field(() => ReplyPolicy, { nullable: true, description: 'Which agents may write to customers. Team only.' })
  replyPolicy!: ReplyPolicyValue | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds within which an offer of a conversation must be answered: 30 to 86,400. Team only.',
  })
  transferTimeoutSeconds!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds without a message after which a conversation resolves by itself; null: never. Team only.',
  })
  autoResolveAfterSeconds!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds after resolving at which a conversation finalizes by itself; null: never. Team only.',
  })
  autoFinalizeAfterSeconds!: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether whispers and notes may be given to the translation engine. Team only.',
  })
  translateWhispers!: boolean | null;
}

@ObjectType({ description: 'Who is calling.' })
export class Viewer {
  @Field(() => Actor, { description: 'The person or program whose token this is.' })
  actor!: object;

  @Field(() => Workspace, { description: 'Their workspace. A token belongs to exactly one.' })
  workspace!: object;

  @Field(() => AgentProfile, {
    nullable: true,
    description: "The viewer's own settings and what waits for them; null unless they are an agent.",
  })
  profile!: object | null;
}

@InputType({ description: 'What is not given stays as it is; null removes what can be null.' })
export class UpdateWorkspaceInput {
  @Field(() => String, { nullable: true, description: 'A new name, 1 to 100 code points.' })
  name?: string | null;

  @Field(() => ReplyPolicy, { nullable: true, description: 'Which agents may write to customers.' })
  replyPolicy?: ReplyPolicyValue | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The largest file that can be uploaded from now on, in bytes: 1,024 to 1,073,741,824.',
  })
  maxUploadBytes?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds within which an offer must be answered: 30 to 86,400. Offers that were made keep theirs.',
  })
  transferTimeoutSeconds?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Idle seconds until a conversation resolves: at least 300; null: never.',
  })
  autoResolveAfterSeconds?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds from resolving until a conversation finalizes: 0 or more; null: never.',
  })
  autoFinalizeAfterSeconds?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether whispers and notes may be given to the translation engine; null: only to one on the own network, as when ' +
      'nothing was chosen.',
  })
  translateWhispers?: boolean | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the AI agent that answers new conversations; null: nobody does.',
  })
  defaultAiAgentId?: string | null;
}
