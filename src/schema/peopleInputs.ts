import { Field, ID, InputType } from 'type-graphql';
import type { AgentRole as AgentRoleValue } from '../entities/Actor.js';
import { AgentRole } from './enums.js';
import { LanguageCode, UrlScalar, UUID } from './scalars.js';

@InputType({ description: 'Needs no token.' })
export class SignInInput {
  @Field({ description: 'The e-mail address of an active agent.' })
  email!: string;

  @Field({ description: 'Their password.' })
  password!: string;

  @Field(() => ID, { nullable: true, description: 'Which workspace; needed when the e-mail is in more than one.' })
  workspaceId?: string | null;
}

@InputType({ description: 'A new colleague.' })
export class CreateAgentInput {
  @Field({ description: 'Their e-mail address; one agent per workspace has it.' })
  email!: string;

  @Field({ description: 'The name to show, 1 to 100 code points.' })
  displayName!: string;

  @Field(() => AgentRole, { nullable: true, defaultValue: 'AGENT', description: 'What they may do.' })
  role?: AgentRoleValue | null;

  @Field(() => UUID, {
    nullable: true,
    description: 'A UUID made by the client: the same call again makes nobody new. Its answer has no password then.',
  })
  idempotencyKey?: string | null;
}

@InputType({ description: 'What is not given stays as it is.' })
export class UpdateAgentInput {
  @Field(() => ID, { description: 'Whom to change.' })
  agentId!: string;

  @Field(() => String, { nullable: true, description: 'A new name, 1 to 100 code points.' })
  displayName?: string | null;

  @Field(() => AgentRole, { nullable: true, description: 'What they may do from now on; counts at once.' })
  role?: AgentRoleValue | null;
}

@InputType({ description: "One's own settings. What is not given stays as it is; null removes what can be null." })
export class UpdateProfileInput {
  @Field(() => String, { nullable: true, description: 'A new name, 1 to 100 code points; customers see it too.' })
  displayName?: string | null;

  @Field(() => UrlScalar, {
    nullable: true,
    description: 'An http or https address of a picture, up to 2000 characters; customers see it too.',
  })
  avatarUrl?: URL | null;

  @Field(() => LanguageCode, {
    nullable: true,
    description: 'The language to read; the first one that is chosen switches `autoTranslate` on.',
  })
  preferredLanguage?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether `translatedText` is to be filled.' })
  autoTranslate?: boolean | null;
}

@InputType({ description: "One's own password, or as an admin anybody's." })
export class SetPasswordInput {
  @Field(() => ID, { nullable: true, description: 'Whose, for admins; without it, the viewer’s own.' })
  agentId?: string | null;

  @Field(() => String, { nullable: true, description: "The present password; needed for one's own." })
  currentPassword?: string | null;

  @Field({ description: 'The new one: 10 to 200 characters.' })
  newPassword!: string;
}

@InputType({ description: 'Whose access ends.' })
export class DeactivateAgentInput {
  @Field(() => ID, { description: 'Which agent; one who is deactivated already stays so.' })
  agentId!: string;

  @Field(() => UUID, {
    nullable: true,
    description: 'A UUID made by the client: the same call again changes nothing.',
  })
  idempotencyKey?: string | null;
}
