import { Field, ObjectType } from 'type-graphql';
import { Node } from './Node.js';
import { NotificationPreference } from './notification.js';
import { Transfer } from './transfer.js';

@ObjectType({ implements: Node, description: "An agent's own settings, and what waits for them. Nobody else sees it." })
export class AgentProfile extends Node {
  @Field(() => [NotificationPreference], { description: 'How they want to be told, one for each kind.' })
  notificationPreferences!: object[];

  @Field(() => [Transfer], { description: 'What is offered to them and waits for their answer, oldest first.' })
  pendingTransfers!: object[];
}
