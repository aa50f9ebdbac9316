import type { NotificationChannel, NotificationKind } from '../../src/entities/Notification.js';
import { UpdateNotificationPreferencesDocument } from '../operations/generated.js';
import type { Person } from './Person.js';
import { does } from './stories.js';

/** Chooses the same channels for some kinds. */
export const wants = (person: Person, kinds: readonly NotificationKind[], channels: NotificationChannel[]) =>
  does(person, UpdateNotificationPreferencesDocument, { preferences: kinds.map((kind) => ({ kind, channels })) });
