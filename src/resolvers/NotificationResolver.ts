import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { notificationPreferences, unreadNotifications } from '../reads/notifications.js';
import type { NotificationRow } from '../reads/rows.js';
import { pendingTransfersTo } from '../reads/transfers.js';
import { Notification, NotificationConnection } from '../schema/notification.js';
import { AgentProfile } from '../schema/profile.js';
import { Context } from './Context.js';

@Resolver(() => Notification)
export class NotificationResolver {
  @FieldResolver()
  conversation(@Root() { conversationId }: NotificationRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.conversation.load(conversationId);
  }

  @FieldResolver()
  transfer(@Root() { transferId }: NotificationRow, @Ctx() { loaders }: Context): object | null {
    return transferId === null ? null : loaders.transfer.load(transferId);
  }

  @FieldResolver()
  ticket(@Root() { ticketId }: NotificationRow, @Ctx() { loaders }: Context): object | null {
    return ticketId === null ? null : loaders.ticket.load(ticketId);
  }

  @FieldResolver()
  actor(@Root() { actorId }: NotificationRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(actorId);
  }
}

@Resolver(() => NotificationConnection)
export class NotificationConnectionResolver {
  @FieldResolver()
  unreadCount(@Ctx() { parts, caller }: Context): Promise<number> {
    return unreadNotifications(parts.world.database, caller);
  }
}

@Resolver(() => AgentProfile)
export class AgentProfileResolver {
  @FieldResolver()
  notificationPreferences(@Ctx() { parts, caller }: Context): Promise<object[]> {
    return notificationPreferences(parts.world.database, caller);
  }

  @FieldResolver()
  pushPublicKey(@Ctx() { parts }: Context): string | null {
    return parts.pushPublicKey;
  }

  @FieldResolver()
  pendingTransfers(@Ctx() { parts, caller }: Context): Promise<object[]> {
    const { database, clock } = parts.world;
    return pendingTransfersTo(database, caller, clock.now());
  }
}
