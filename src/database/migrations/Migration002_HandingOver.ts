import { Migration } from '@mikro-orm/migrations';

/** Transfers and notifications. Only adds, so that the previous version runs on beside it during an upgrade. */
export class Migration002_HandingOver extends Migration {
  override up(): void {
    this.addSql(`
      alter table workspaces add column transfer_timeout_seconds integer not null default 300
        check (transfer_timeout_seconds between 30 and 86400)`);

    this.addSql(`
      create table transfers (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        conversation_id text collate "C" not null,
        from_id text collate "C" not null,
        to_id text collate "C" not null,
        note text,
        leave_on_accept boolean not null,
        status text not null check (status in ('PENDING', 'ACCEPTED', 'DECLINED', 'CANCELLED', 'EXPIRED')),
        created_at timestamptz(3) not null,
        expires_at timestamptz(3) not null,
        answered_at timestamptz(3),
        decline_reason text,
        unique (workspace_id, id),
        foreign key (workspace_id, conversation_id) references conversations (workspace_id, id),
        foreign key (workspace_id, from_id) references actors (workspace_id, id),
        foreign key (workspace_id, to_id) references actors (workspace_id, id),
        check (from_id <> to_id),
        check ((status in ('PENDING', 'EXPIRED')) = (answered_at is null)),
        check (decline_reason is null or status = 'DECLINED')
      )`);
    this.addSql(`create unique index transfers_one_pending on transfers (conversation_id) where status = 'PENDING'`);
    this.addSql(`create index transfers_by_conversation on transfers (conversation_id, created_at, id)`);
    this.addSql(`create index transfers_offered_to on transfers (to_id, created_at, id) where status = 'PENDING'`);
    this.addSql(`create index transfers_offered_by on transfers (from_id) where status = 'PENDING'`);
    this.addSql(`create index transfers_by_expiry on transfers (expires_at) where status = 'PENDING'`);

    this.addSql(`
      alter table entries add column transfer_id text collate "C",
        add foreign key (workspace_id, transfer_id) references transfers (workspace_id, id)`);

    this.addSql(`
      create table notification_preferences (
        workspace_id text collate "C" not null,
        agent_id text collate "C" not null,
        kind text not null,
        channels text[] not null check (channels <@ array['IN_APP', 'EMAIL', 'WEB_PUSH']),
        primary key (agent_id, kind),
        foreign key (workspace_id, agent_id) references actors (workspace_id, id)
      )`);
    // For the kinds that nobody gets who did not ask for them.
    this.addSql(
      `create index notification_preferences_wanted on notification_preferences (workspace_id, kind) where channels <> '{}'`,
    );
    // One number per agent, taken under this row's lock and kept until the commit: so numbers are in the order of commits,
    // and an agent's cursor tells of nothing but their own notifications.
    this.addSql(`
      create table notification_counters (
        workspace_id text collate "C" not null,
        agent_id text collate "C" primary key,
        last_number bigint not null,
        foreign key (workspace_id, agent_id) references actors (workspace_id, id)
      )`);
    this.addSql(`
      create table notifications (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        agent_id text collate "C" not null,
        number bigint not null,
        kind text not null,
        conversation_id text collate "C" not null,
        transfer_id text collate "C",
        entry_id text collate "C" references entries (id),
        actor_id text collate "C" not null,
        channels text[] not null check (channels <@ array['IN_APP', 'EMAIL', 'WEB_PUSH'] and channels <> '{}'),
        created_at timestamptz(3) not null,
        read_at timestamptz(3),
        xid xid8 not null default pg_current_xact_id(),
        foreign key (workspace_id, agent_id) references actors (workspace_id, id),
        foreign key (workspace_id, conversation_id) references conversations (workspace_id, id),
        foreign key (workspace_id, transfer_id) references transfers (workspace_id, id),
        foreign key (workspace_id, actor_id) references actors (workspace_id, id)
      )`);
    this.addSql(`create unique index notifications_by_number on notifications (agent_id, number)`);
    this.addSql(
      `create index notifications_unread on notifications (agent_id, number) where read_at is null and 'IN_APP' = any(channels)`,
    );
    // What leaves by mail or push is read by a follower, in the order of transactions.
    this.addSql(
      `create index notifications_to_deliver on notifications (xid, id) where channels && array['EMAIL', 'WEB_PUSH']`,
    );
    this.addSql(`insert into followers (name, xid, id) values ('notifications', '0', '')`);

    this.addSql(`
      create table notification_deliveries (
        notification_id text collate "C" not null references notifications (id),
        channel text not null check (channel in ('EMAIL', 'WEB_PUSH')),
        target text collate "C" not null,
        delivered_at timestamptz(3) not null,
        primary key (notification_id, channel, target)
      )`);
    this.addSql(`
      create table push_subscriptions (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        agent_id text collate "C" not null,
        endpoint text not null unique,
        p256dh text not null,
        auth text not null,
        created_at timestamptz(3) not null,
        foreign key (workspace_id, agent_id) references actors (workspace_id, id)
      )`);
    this.addSql(`create index push_subscriptions_by_agent on push_subscriptions (agent_id)`);
  }
}
