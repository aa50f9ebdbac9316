import { Field, InterfaceType, ObjectType } from 'type-graphql';
import type { AgentRole as AgentRoleValue, Scope as ScopeValue } from '../entities/Actor.js';
import type { Availability as AvailabilityValue } from '../entities/Presence.js';
import { AgentRole, Availability, Scope } from './enums.js';
import { Node, typeById } from './Node.js';
import { LanguageCode, UrlScalar } from './scalars.js';

@InterfaceType({
  implements: Node,
  description: 'Whoever did something: a customer, an agent, an AI agent, an integration, or the system.',
  resolveType: typeById,
})
export abstract class Actor extends Node {
  @Field({ description: 'The name to show.' })
  displayName!: string;

  @Field(() => UrlScalar, { nullable: true, description: 'A picture to show, if there is one.' })
  avatarUrl!: string | null;
}

@ObjectType({ implements: [Actor, Node], description: 'The person who asks for help.' })
export class Customer extends Actor {
  @Field(() => String, {
    nullable: true,
    description: "The customer's id in the partner's system. For the team, CUSTOMERS_READ, and the customer themself.",
  })
  externalId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'E-mail address. For the team, CUSTOMERS_READ, and the customer themself.',
  })
  email!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Telephone number. For the team, CUSTOMERS_READ, and the customer themself.',
  })
  phone!: string | null;

  @Field(() => LanguageCode, {
    nullable: true,
    description: 'Language they prefer. For the team, CUSTOMERS_READ, and the customer themself.',
  })
  language!: string | null;
}

@ObjectType({ implements: [Actor, Node], description: 'A human member of the team.' })
export class Agent extends Actor {
  @Field(() => String, { nullable: true, description: 'The e-mail address they sign in with. Team only.' })
  email!: string | null;

  @Field(() => AgentRole, { nullable: true, description: 'What they may do. Team only.' })
  role!: AgentRoleValue | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'False once deactivated: they can no longer sign in. Team only.',
  })
  active!: boolean | null;

  @Field(() => Availability, {
    nullable: true,
    description: 'What they chose, or OFFLINE once their last socket has been closed for a minute. Team only.',
  })
  availability!: AvailabilityValue | null;
}

@ObjectType({ implements: [Actor, Node], description: 'A bot, run by Parley or by a partner, that answers customers.' })
export class AiAgent extends Actor {
  @Field(() => Boolean, { nullable: true, description: 'Whether it answers; a disabled one never does. Team only.' })
  enabled!: boolean | null;
}

@ObjectType({ implements: [Actor, Node], description: "A partner's program that acts with an API key and its scopes." })
export class Integration extends Actor {
  @Field(() => [Scope], {
    nullable: true,
    description: 'What it is allowed to do. For admins and the integration itself.',
  })
  scopes!: ScopeValue[] | null;
}

@ObjectType({ implements: [Actor, Node], description: 'Timers and rules: what nobody in particular did.' })
export class SystemActor extends Actor {}
