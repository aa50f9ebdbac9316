import { Migration } from '@mikro-orm/migrations';

/**
 * Every id is a TypeID in text of the C collation. Foreign keys carry the workspace, so that the database itself cannot
 * join two tenants. No column takes its time or id from SQL: both come from the application's clock and id source.
 */
export class Migration001_Ground extends Migration {
  override up(): void {
    this.addSql(`
      create table server_settings (name text primary key, value text not null)`);

    this.addSql(`
      create table workspaces (
        id text collate "C" primary key,
        name text not null,
        default_ai_agent_id text collate "C",
        reply_policy text not null check (reply_policy in ('PARTICIPANTS', 'ASSIGNEE_ONLY')),
        auto_resolve_after_seconds integer check (auto_resolve_after_seconds >= 300),
        auto_finalize_after_seconds integer check (auto_finalize_after_seconds >= 0),
        created_at timestamptz(3) not null
      )`);

    // People and programs share one table, since an entry's author can be any of them.
    this.addSql(`
      create table actors (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces (id),
        kind text not null check (kind in ('CUSTOMER', 'AGENT', 'AI_AGENT', 'INTEGRATION', 'SYSTEM')),
        display_name text not null,
        avatar_url text,
        email text,
        handle text,
        external_id text,
        phone text,
        language text,
        role text check (role in ('AGENT', 'ADMIN')),
        active boolean not null,
        answers_by text check (answers_by in ('ARTICLES', 'EXTERNAL')),
        scopes text[] not null,
        created_at timestamptz(3) not null,
        unique (workspace_id, id),
        check ((kind = 'AGENT') = (role is not null)),
        check (kind <> 'AGENT' or email is not null),
        check ((kind = 'AI_AGENT') = (answers_by is not null)),
        check ((handle is not null) = (kind in ('AI_AGENT', 'INTEGRATION')))
      )`);
    this.addSql(`create unique index actors_agent_email on actors (lower(email), workspace_id) where kind = 'AGENT'`);
    this.addSql(
      `create unique index actors_external_id on actors (workspace_id, external_id) where kind = 'CUSTOMER' and external_id is not null`,
    );
    this.addSql(`create unique index actors_handle on actors (handle, workspace_id) where handle is not null`);
    this.addSql(`create unique index actors_one_system on actors (workspace_id) where kind = 'SYSTEM'`);
    this.addSql(
      `create index actors_agents on actors (workspace_id, display_name, id) where kind = 'AGENT' and active`,
    );
    this.addSql(`
      alter table workspaces add foreign key (id, default_ai_agent_id) references actors (workspace_id, id)`);

    this.addSql(`
      create table passwords (
        agent_id text collate "C" primary key references actors (id),
        hash text not null,
        set_at timestamptz(3) not null
      )`);
    this.addSql(`
      create table api_keys (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        actor_id text collate "C" not null,
        prefix text not null,
        sha256 bytea not null unique,
        created_at timestamptz(3) not null,
        revoked_at timestamptz(3),
        foreign key (workspace_id, actor_id) references actors (workspace_id, id)
      )`);

    this.addSql(`
      create table conversations (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces (id),
        customer_id text collate "C" not null,
        channel text not null check (channel in ('WEB', 'EMAIL', 'WHATSAPP', 'TELEGRAM', 'MESSENGER', 'SMS', 'API')),
        subject text,
        status text not null check (status in ('OPEN', 'RESOLVED', 'FINALIZED')),
        handling text not null check (handling in ('AI', 'HUMAN', 'UNATTENDED')),
        assignee_id text collate "C",
        assigned_at timestamptz(3),
        ai_agent_id text collate "C",
        needs_human_reason text,
        needs_human_since timestamptz(3),
        needs_human_by text collate "C",
        priority text not null check (priority in ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
        tags text[] not null,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null,
        resolved_at timestamptz(3),
        last_message_id text collate "C",
        last_message_at timestamptz(3),
        last_message_by_customer boolean not null,
        answered_position bigint not null,
        ai_since timestamptz(3),
        human_from timestamptz(3),
        human_to timestamptz(3),
        position bigint not null,
        team_position bigint not null,
        note_count bigint not null,
        public_version bigint not null,
        team_version bigint not null,
        handling_epoch bigint not null,
        state_xid xid8 not null default pg_current_xact_id(),
        team_xid xid8 not null default pg_current_xact_id(),
        unique (workspace_id, id),
        foreign key (workspace_id, customer_id) references actors (workspace_id, id),
        foreign key (workspace_id, assignee_id) references actors (workspace_id, id),
        foreign key (workspace_id, ai_agent_id) references actors (workspace_id, id),
        foreign key (workspace_id, needs_human_by) references actors (workspace_id, id),
        check ((handling = 'HUMAN') = (assignee_id is not null)),
        check ((assignee_id is null) = (assigned_at is null)),
        check ((needs_human_since is null) = (needs_human_by is null)),
        check ((status = 'OPEN') = (resolved_at is null))
      )`);
    this.addSql(`create index conversations_inbox on conversations (workspace_id, updated_at desc, id desc)`);
    this.addSql(`create index conversations_by_customer on conversations (customer_id, updated_at desc, id desc)`);
    this.addSql(
      `create index conversations_by_ai_agent on conversations (ai_agent_id, updated_at desc, id desc) where ai_agent_id is not null`,
    );
    this.addSql(
      `create index conversations_by_assignee on conversations (assignee_id, updated_at desc, id desc) where assignee_id is not null`,
    );
    this.addSql(
      `create index conversations_needing_humans on conversations (workspace_id, updated_at desc, id desc) where needs_human_since is not null`,
    );
    this.addSql(
      `create index conversations_idle on conversations (workspace_id, last_message_at)
       where status = 'OPEN' and needs_human_since is null and not last_message_by_customer`,
    );
    this.addSql(
      `create index conversations_resolved on conversations (workspace_id, resolved_at) where status = 'RESOLVED'`,
    );
    this.addSql(`create index conversations_changed on conversations (workspace_id, greatest(state_xid, team_xid))`);
    // The feeds that span conversations find what has changed by the transaction that changed it. A trigger, so that no
    // write can forget it. What only the team may know has a number of its own: the other must not move with it.
    this.addSql(`
      create function note_changing_transaction() returns trigger language plpgsql as $$
      begin
        if (new.position, new.public_version, new.team_version) is distinct from
           (old.position, old.public_version, old.team_version) then
          new.state_xid := pg_current_xact_id();
        end if;
        if new.team_position is distinct from old.team_position then
          new.team_xid := pg_current_xact_id();
        end if;
        return new;
      end $$`);
    this.addSql(`
      create trigger note_changing_transaction before update on conversations
      for each row execute function note_changing_transaction()`);

    this.addSql(`
      create table entries (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        conversation_id text collate "C" not null,
        position bigint not null,
        team_position bigint not null,
        note_position bigint not null,
        type text not null check (type in ('MESSAGE', 'WHISPER', 'EVENT')),
        audience text not null check (audience in ('EVERYONE', 'TEAM', 'SELF')),
        actor_id text collate "C" not null,
        created_at timestamptz(3) not null,
        text text,
        mention_ids text[] not null,
        event_kind text,
        agent_id text collate "C",
        integration_id text collate "C",
        external_id text,
        xid xid8 not null default pg_current_xact_id(),
        foreign key (workspace_id, conversation_id) references conversations (workspace_id, id),
        foreign key (workspace_id, actor_id) references actors (workspace_id, id),
        foreign key (workspace_id, agent_id) references actors (workspace_id, id),
        foreign key (workspace_id, integration_id) references actors (workspace_id, id),
        check ((type = 'EVENT') = (event_kind is not null)),
        check ((type = 'EVENT') = (text is null)),
        check (type <> 'MESSAGE' or audience = 'EVERYONE'),
        check (type <> 'WHISPER' or audience in ('TEAM', 'SELF')),
        check ((audience = 'EVERYONE') = (team_position = 0 and note_position = 0)),
        check ((audience = 'SELF') = (note_position > 0))
      )`);
    // One order for everybody: no two entries that one viewer may see stand at the same place.
    this.addSql(
      `create unique index entries_timeline on entries
       (conversation_id, position, team_position, note_position, (case audience when 'SELF' then actor_id else '' end))`,
    );
    this.addSql(`create index entries_public on entries (conversation_id, position) where audience = 'EVERYONE'`);
    this.addSql(
      `create index entries_whispers on entries (conversation_id, position, team_position, note_position) where type = 'WHISPER'`,
    );
    this.addSql(
      `create unique index entries_external_id on entries (integration_id, external_id) where external_id is not null`,
    );

    this.addSql(`
      create table participants (
        workspace_id text collate "C" not null,
        conversation_id text collate "C" not null,
        actor_id text collate "C" not null,
        joined_at timestamptz(3),
        public_since timestamptz(3),
        primary key (conversation_id, actor_id),
        foreign key (workspace_id, conversation_id) references conversations (workspace_id, id),
        foreign key (workspace_id, actor_id) references actors (workspace_id, id)
      )`);
    this.addSql(`create index participants_by_actor on participants (actor_id) where joined_at is not null`);

    this.addSql(`
      create table read_marks (
        workspace_id text collate "C" not null,
        conversation_id text collate "C" not null,
        actor_id text collate "C" not null,
        position bigint not null,
        team_position bigint not null,
        note_position bigint not null,
        read_at timestamptz(3) not null,
        primary key (conversation_id, actor_id),
        foreign key (workspace_id, conversation_id) references conversations (workspace_id, id),
        foreign key (workspace_id, actor_id) references actors (workspace_id, id)
      )`);

    this.addSql(`
      create table ai_turns (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        conversation_id text collate "C" not null,
        ai_agent_id text collate "C" not null,
        attempt integer not null check (attempt in (1, 2)),
        opened_at timestamptz(3) not null,
        expires_at timestamptz(3) not null,
        closed_at timestamptz(3),
        after_position bigint not null,
        up_to_position bigint not null,
        human_from timestamptz(3),
        human_to timestamptz(3),
        handling_epoch bigint not null,
        xid xid8 not null default pg_current_xact_id(),
        foreign key (workspace_id, conversation_id) references conversations (workspace_id, id),
        foreign key (workspace_id, ai_agent_id) references actors (workspace_id, id)
      )`);
    this.addSql(`create unique index ai_turns_one_open on ai_turns (conversation_id) where closed_at is null`);
    this.addSql(`create index ai_turns_open on ai_turns (ai_agent_id, opened_at) where closed_at is null`);
    this.addSql(`create index ai_turns_by_transaction on ai_turns (xid, id)`);

    this.addSql(`
      create table idempotency_keys (
        actor_id text collate "C" not null references actors (id),
        key uuid not null,
        request_sha256 bytea not null,
        outcome jsonb,
        created_at timestamptz(3) not null,
        primary key (actor_id, key)
      )`);
    this.addSql(`create index idempotency_keys_by_age on idempotency_keys (created_at)`);

    this.addSql(`
      create table followers (
        name text primary key,
        xid xid8 not null,
        id text collate "C" not null
      )`);
    this.addSql(`insert into followers (name, xid, id) values ('turns', '0', '')`);

    this.addSql(`
      create table articles (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces (id),
        title text not null,
        body text not null,
        language text not null,
        created_at timestamptz(3) not null,
        words tsvector generated always as (
          setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')
        ) stored
      )`);
    this.addSql(`create index articles_words on articles using gin (words)`);
  }
}
