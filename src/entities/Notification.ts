import { defineEntity, p } from '@mikro-orm/core';

export const notificationKinds = [
  'TRANSFER_REQUESTED',
  'TRANSFER_ACCEPTED',
  'TRANSFER_DECLINED',
  'TRANSFER_CANCELLED',
  'TRANSFER_EXPIRED',
  'MENTIONED',
  'TAKEN_OVER',
  'UNATTENDED',
  'NEEDS_HUMAN',
  'NEW_MESSAGE',
  'TICKET_ASSIGNED',
] as const;
export type NotificationKind = (typeof notificationKinds)[number];
export const notificationChannels = ['IN_APP', 'EMAIL', 'WEB_PUSH'] as const;
export type NotificationChannel = (typeof notificationChannels)[number];

/** Nobody gets these who did not choose a channel for them; all others arrive in the app whatever was chosen. */
const onlyIfChosen: readonly NotificationKind[] = ['NEEDS_HUMAN', 'NEW_MESSAGE'];
export const isImplied = (kind: NotificationKind) => !onlyIfChosen.includes(kind);

/** How somebody is told of a kind who chose these channels for it; empty: not at all. */
export function channelsOf(
  kind: NotificationKind,
  chosen: readonly NotificationChannel[] | null,
): NotificationChannel[] {
  return notificationChannels.filter(
    (channel) => (channel === 'IN_APP' && isImplied(kind)) || chosen?.includes(channel),
  );
}

export const NotificationSchema = defineEntity({
  name: 'Notification',
  tableName: 'notifications',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    agentId: p.text(),
    number: p.bigint('number'),
    kind: p.text().$type<NotificationKind>(),
    conversationId: p.text(),
    transferId: p.text().strictNullable(),
    ticketId: p.text().strictNullable(),
    entryId: p.text().strictNullable(),
    actorId: p.text(),
    channels: p.array().$type<NotificationChannel[]>(),
    createdAt: p.datetime(),
    readAt: p.datetime().strictNullable(),
  },
});

/** What an agent is told of, written together with its cause. `number` counts their own, in the order of commits. */
export class Notification extends NotificationSchema.class {}
NotificationSchema.setClass(Notification);
