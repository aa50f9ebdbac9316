import { Field, InterfaceType, ObjectType } from 'type-graphql';
import type { TransferStatus as TransferStatusValue } from '../entities/Transfer.js';
import type { RefusalCode } from '../errors.js';
import { Agent } from './actors.js';
import { ErrorCode, TransferStatus } from './enums.js';
import { DateTime } from './scalars.js';

@InterfaceType({
  description: 'Why a mutation refused. Nothing was written then, and its subject is null.',
  resolveType: ({ code }: { code: RefusalCode }) =>
    code === 'ALREADY_ASSIGNED'
      ? 'AlreadyAssignedError'
      : code === 'TRANSFER_NOT_PENDING'
        ? 'TransferNotPendingError'
        : 'GenericUserError',
})
export abstract class UserError {
  @Field(() => ErrorCode, { description: 'Stable: branch on it.' })
  code!: RefusalCode;

  @Field({ description: 'For developers, in English. Show your own words to people.' })
  message!: string;

  @Field(() => [String], {
    nullable: true,
    description: 'Where in the input: field names and list positions; null: as a whole.',
  })
  path!: string[] | null;
}

@ObjectType({ implements: UserError, description: 'Another agent answers for the conversation already.' })
export class AlreadyAssignedError extends UserError {
  @Field(() => Agent, { description: 'Who answers for it.' })
  assignee!: object;

  @Field(() => DateTime, { description: 'Since when.' })
  assignedAt!: Date;
}

@ObjectType({ implements: UserError, description: 'The offer has ended, one way or another.' })
export class TransferNotPendingError extends UserError {
  @Field(() => TransferStatus, { description: 'How it ended.' })
  status!: TransferStatusValue;
}

@ObjectType({ implements: UserError, description: 'A refusal whose code says all.' })
export class GenericUserError extends UserError {}
