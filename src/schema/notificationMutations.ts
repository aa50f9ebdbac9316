import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type {
  NotificationChannel as NotificationChannelValue,
  NotificationKind as NotificationKindValue,
} from '../entities/Notification.js';
import { NotificationChannel, NotificationKind } from './enums.js';
import { Payload } from './payloads.js';
import { AgentProfile } from './profile.js';
import { UrlScalar } from './scalars.js';

@InputType({ description: 'What to mark as read: those named, or all up to one; without either, all.' })
export class MarkNotificationsReadInput {
  @Field(() => ID, { nullable: true, description: 'Everything up to and with this one.' })
  upToId?: string | null;

  @Field(() => [ID], { nullable: true, description: 'These, up to 100. Not together with `upToId`.' })
  ids?: string[] | null;
}

@ObjectType({ description: 'What is left to read.' })
export class MarkNotificationsReadPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'How many are not marked as read now; null when refused.' })
  unreadCount!: number | null;
}

@InputType({ description: 'By which channels to be told of a kind.' })
export class NotificationPreferenceInput {
  @Field(() => NotificationKind, { description: 'What it is about; each kind at most once.' })
  kind!: NotificationKindValue;

  @Field(() => [NotificationChannel], {
    description: 'All channels that are wanted. IN_APP cannot be taken away, but from NEEDS_HUMAN and NEW_MESSAGE.',
  })
  channels!: NotificationChannelValue[];
}

@InputType({ description: 'Kinds that are not named stay as they are.' })
export class UpdateNotificationPreferencesInput {
  @Field(() => [NotificationPreferenceInput], { description: 'The kinds to change.' })
  preferences!: NotificationPreferenceInput[];
}

@ObjectType({ description: "The viewer's profile with their preferences after the call." })
export class UpdateNotificationPreferencesPayload extends Payload {
  @Field(() => AgentProfile, { nullable: true, description: 'The profile; null when refused.' })
  profile!: object | null;
}

@InputType({ description: "A browser's push subscription, as `PushSubscription.toJSON()` gives it." })
export class RegisterPushSubscriptionInput {
  @Field(() => UrlScalar, { description: '`endpoint`: where the browser vendor takes pushes. https only.' })
  endpoint!: URL;

  @Field({ description: '`keys.p256dh`: the public key of the browser, base64url.' })
  p256dh!: string;

  @Field({ description: '`keys.auth`: the secret that it shares, base64url.' })
  auth!: string;
}

@ObjectType({ description: 'Whether the browser is registered: it is if `errors` is empty.' })
export class RegisterPushSubscriptionPayload extends Payload {}

@InputType({ description: 'Which browser is no longer told, for instance when somebody signs out in it.' })
export class RemovePushSubscriptionInput {
  @Field(() => UrlScalar, { description: 'The `endpoint` it was registered with; an unknown one changes nothing.' })
  endpoint!: URL;
}

@ObjectType({ description: 'Whether the browser is no longer registered: so if `errors` is empty.' })
export class RemovePushSubscriptionPayload extends Payload {}
