import { Migrator } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import { ActorSchema } from '../entities/Actor.js';
import { AiTurnSchema } from '../entities/AiTurn.js';
import { AttachmentSchema } from '../entities/Attachment.js';
import { ConversationSchema } from '../entities/Conversation.js';
import { EntrySchema } from '../entities/Entry.js';
import { NotificationSchema } from '../entities/Notification.js';
import { ParticipantSchema } from '../entities/Participant.js';
import { TicketSchema } from '../entities/Ticket.js';
import { TicketChangeSchema } from '../entities/TicketChange.js';
import { TicketCommentSchema } from '../entities/TicketComment.js';
import { TransferSchema } from '../entities/Transfer.js';
import { WorkspaceSchema } from '../entities/Workspace.js';
import { Migration001_Ground } from './migrations/Migration001_Ground.js';
import { Migration002_HandingOver } from './migrations/Migration002_HandingOver.js';
import { Migration003_Presence } from './migrations/Migration003_Presence.js';
import { Migration004_Tickets } from './migrations/Migration004_Tickets.js';
import { Migration005_Files } from './migrations/Migration005_Files.js';
import { Migration006_Languages } from './migrations/Migration006_Languages.js';
import { Migration007_Search } from './migrations/Migration007_Search.js';

/** What MikroORM must know, for the server and for its command line alike. */
export const ormOptions = defineConfig({
  entities: [
    WorkspaceSchema,
    ActorSchema,
    ConversationSchema,
    TransferSchema,
    TicketSchema,
    TicketCommentSchema,
    TicketChangeSchema,
    EntrySchema,
    ParticipantSchema,
    AiTurnSchema,
    NotificationSchema,
    AttachmentSchema,
  ],
  extensions: [Migrator],
  // A name with a typing error would become a new, empty database.
  ensureDatabase: false,
  forceUtcTimezone: true,
  migrations: {
    tableName: 'parley_migrations',
    snapshot: false,
    transactional: true,
    migrationsList: [
      { name: 'Migration001_Ground', class: Migration001_Ground },
      { name: 'Migration002_HandingOver', class: Migration002_HandingOver },
      { name: 'Migration003_Presence', class: Migration003_Presence },
      { name: 'Migration004_Tickets', class: Migration004_Tickets },
      { name: 'Migration005_Files', class: Migration005_Files },
      { name: 'Migration006_Languages', class: Migration006_Languages },
      { name: 'Migration007_Search', class: Migration007_Search },
    ],
  },
});
