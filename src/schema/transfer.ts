import { Field, ObjectType } from 'type-graphql';
import type { TransferStatus as TransferStatusValue } from '../entities/Transfer.js';
import { Agent } from './actors.js';
import { connectionType, edgeType } from './connections.js';
import { TransferStatus } from './enums.js';
import { Node } from './Node.js';
import { DateTime } from './scalars.js';

@ObjectType({
  implements: Node,
  description:
    'An offer of a conversation to a colleague, which they answer. Until then the giver keeps it. Team only.',
})
export class Transfer extends Node {
  @Field(() => Agent, {
    description: 'Whose conversation it is: the assignee, also when an admin offered it for them.',
  })
  from!: object;

  @Field(() => Agent, { description: 'To whom it is offered.' })
  to!: object;

  @Field(() => String, {
    nullable: true,
    description: 'What the target should know. For agents, and integrations with WHISPERS_READ.',
  })
  note!: string | null;

  @Field({ description: 'Whether the giver leaves the conversation as soon as it is accepted.' })
  leaveOnAccept!: boolean;

  @Field(() => TransferStatus, { description: 'How it stands now; from `expiresAt` on never PENDING.' })
  status!: TransferStatusValue;

  @Field(() => DateTime, { description: 'When it was offered.' })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'Until when it can be answered.' })
  expiresAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was accepted, declined or cancelled; null while it is pending, and when nobody answered.',
  })
  answeredAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the target declined, if they said. For agents, and integrations with WHISPERS_READ.',
  })
  declineReason!: string | null;
}

export const TransferEdge = edgeType('Transfer', () => Transfer, 'the offers of a conversation');
export const TransferConnection = connectionType('Transfer', TransferEdge, 'the offers of a conversation');
