import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { markNotificationsRead } from '../actions/notifications/markNotificationsRead.js';
import { registerPushSubscription } from '../actions/notifications/registerPushSubscription.js';
import { removePushSubscription } from '../actions/notifications/removePushSubscription.js';
import { updateNotificationPreferences } from '../actions/notifications/updateNotificationPreferences.js';
import { Refusal } from '../errors.js';
import { unreadNotifications } from '../reads/notifications.js';
import {
  MarkNotificationsReadInput,
  MarkNotificationsReadPayload,
  RegisterPushSubscriptionInput,
  RegisterPushSubscriptionPayload,
  RemovePushSubscriptionInput,
  RemovePushSubscriptionPayload,
  UpdateNotificationPreferencesInput,
  UpdateNotificationPreferencesPayload,
} from '../schema/notificationMutations.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { errorsOf } from './settle.js';

@Resolver()
export class NotificationMutations {
  @Mutation(() => MarkNotificationsReadPayload, {
    description: "Marks the viewer's notifications as read: those named, all up to one, or all. Agents.",
  })
  markNotificationsRead(
    @Arg('input', inputDescription) input: MarkNotificationsReadInput,
    @Ctx() { parts: { world }, caller }: Context,
  ): Promise<object> {
    return done(
      () => markNotificationsRead(world, caller, input),
      async () => ({ unreadCount: await unreadNotifications(world.database, caller) }),
    );
  }

  @Mutation(() => UpdateNotificationPreferencesPayload, {
    description: 'Chooses by which channels the viewer is told of some kinds, from now on. Agents.',
  })
  updateNotificationPreferences(
    @Arg('input', inputDescription) input: UpdateNotificationPreferencesInput,
    @Ctx() { parts: { world }, caller, loaders }: Context,
  ): Promise<object> {
    return done(
      () => updateNotificationPreferences(world, caller, input),
      async () => ({ profile: await loaders.profile }),
    );
  }

  @Mutation(() => RegisterPushSubscriptionPayload, {
    description:
      'Registers a browser for pushes to the viewer; one that somebody else registered is theirs no longer. Of 20 the oldest goes. Agents.',
  })
  registerPushSubscription(
    @Arg('input', inputDescription) input: RegisterPushSubscriptionInput,
    @Ctx() { parts: { world }, caller }: Context,
  ): Promise<object> {
    return done(
      () => registerPushSubscription(world, caller, input),
      async () => ({}),
    );
  }

  @Mutation(() => RemovePushSubscriptionPayload, {
    description: "Ends pushes to one of the viewer's browsers, for instance when they sign out in it. Agents.",
  })
  removePushSubscription(
    @Arg('input', inputDescription) input: RemovePushSubscriptionInput,
    @Ctx() { parts: { world }, caller }: Context,
  ): Promise<object> {
    return done(
      () => removePushSubscription(world, caller, input),
      async () => ({}),
    );
  }
}

/** The payload of what concerns the viewer alone and may be repeated without harm. */
async function done(action: () => Promise<void>, subject: () => Promise<object>): Promise<object> {
  try {
    await action();
    return { ...(await subject()), errors: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { errors: errorsOf(error) };
  }
}
