import { Field, ID, InterfaceType, ObjectType } from 'type-graphql';
import { type IdKind, kindOfId } from '../ids.js';

const typesOfIds: Partial<Record<IdKind, string>> = {
  ws: 'Workspace',
  agent: 'Agent',
  cust: 'Customer',
  ai: 'AiAgent',
  int: 'Integration',
  sys: 'SystemActor',
  conv: 'Conversation',
  msg: 'Message',
  whis: 'Whisper',
  evt: 'ConversationEvent',
  turn: 'AiTurn',
  xfer: 'Transfer',
  ntf: 'Notification',
  tkt: 'Ticket',
  tcom: 'TicketComment',
  prof: 'AgentProfile',
  att: 'Attachment',
};

/** The GraphQL type of anything with an id. */
export const typeById = ({ id }: { id: string }) => typesOfIds[kindOfId(id)!]!;

@InterfaceType({
  description: 'Everything that has an id of its own, and that a client cache can keep by it.',
  resolveType: typeById,
})
export abstract class Node {
  @Field(() => ID, {
    description: 'A TypeID: its prefix says what it is the id of (conv_, msg_, agent_ …), the rest says nothing.',
  })
  id!: string;
}

@ObjectType({ description: 'Where a page stands in its list, as the Relay cursor specification has it.' })
export class PageInfo {
  @Field({ description: 'Whether more edges follow this page.' })
  hasNextPage!: boolean;

  @Field({ description: 'Whether there are edges before this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first edge; null on an empty page.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last edge; null on an empty page.' })
  endCursor!: string | null;
}
