import { Field, InputType, ObjectType } from 'type-graphql';
import type { Availability as AvailabilityValue } from '../entities/Presence.js';
import { Availability } from './enums.js';
import { Node } from './Node.js';
import { NotificationPreference } from './notification.js';
import { LanguageCode } from './scalars.js';
import { Transfer } from './transfer.js';

@ObjectType({
  implements: Node,
  description: "What an agent set for themself, and what waits for them. Nobody else's is ever seen.",
})
export class AgentProfile extends Node {
  @Field(() => Availability, {
    description:
      'What was chosen with `setAvailability`; ONLINE at first. It stays chosen while colleagues see OFFLINE, because the ' +
      'last socket has been closed for a minute.',
  })
  availability!: AvailabilityValue;

  @Field(() => LanguageCode, { nullable: true, description: 'The language they read; null until they choose one.' })
  preferredLanguage!: string | null;

  @Field({ description: 'Whether `translatedText` is filled for them on what is in another language.' })
  autoTranslate!: boolean;

  @Field(() => [NotificationPreference], { description: 'How they want to be told, one for each kind.' })
  notificationPreferences!: object[];

  @Field(() => String, {
    nullable: true,
    description: "The server's key for web push (VAPID), for a browser's `subscribe`. null: it sends none.",
  })
  pushPublicKey!: string | null;

  @Field(() => [Transfer], { description: 'What is offered to them and waits for their answer, oldest first.' })
  pendingTransfers!: object[];
}

@InputType({ description: 'What to be to colleagues. Customers never see it.' })
export class SetAvailabilityInput {
  @Field(() => Availability, { description: 'From now on, until it is chosen anew.' })
  availability!: AvailabilityValue;
}
