import { Migration } from '@mikro-orm/migrations';

/** Tickets and their snapshots. Only adds, so that the previous version runs on beside it during an upgrade. */
export class Migration004_Tickets extends Migration {
  override up(): void {
    // One number per workspace, taken under this row's lock and kept until the commit: consecutive, without a gap.
    this.addSql(`
      create table ticket_counters (
        workspace_id text collate "C" primary key references workspaces (id),
        last_number integer not null
      )`);
    this.addSql(`
      create table tickets (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        number integer not null,
        conversation_id text collate "C" not null,
        title text not null,
        description text,
        status text not null check (status in ('OPEN', 'IN_PROGRESS', 'SOLVED', 'CLOSED')),
        priority text not null check (priority in ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
        created_by_id text collate "C" not null,
        assignee_id text collate "C",
        comment_count integer not null,
        change_count integer not null,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null,
        unique (workspace_id, number),
        unique (workspace_id, id),
        foreign key (workspace_id, conversation_id) references conversations (workspace_id, id),
        foreign key (workspace_id, created_by_id) references actors (workspace_id, id),
        foreign key (workspace_id, assignee_id) references actors (workspace_id, id)
      )`);
    this.addSql(`create index tickets_by_conversation on tickets (conversation_id, number)`);
    this.addSql(`create index tickets_by_assignee on tickets (assignee_id, number) where assignee_id is not null`);
    this.addSql(`create index tickets_by_status on tickets (workspace_id, status, number)`);

    this.addSql(`
      create table ticket_comments (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        ticket_id text collate "C" not null,
        number integer not null,
        author_id text collate "C" not null,
        text text not null,
        created_at timestamptz(3) not null,
        unique (ticket_id, number),
        foreign key (workspace_id, ticket_id) references tickets (workspace_id, id),
        foreign key (workspace_id, author_id) references actors (workspace_id, id)
      )`);
    this.addSql(`
      create table ticket_changes (
        ticket_id text collate "C" not null,
        number integer not null,
        workspace_id text collate "C" not null,
        actor_id text collate "C" not null,
        field text not null,
        from_value text,
        to_value text,
        created_at timestamptz(3) not null,
        primary key (ticket_id, number),
        foreign key (workspace_id, ticket_id) references tickets (workspace_id, id),
        foreign key (workspace_id, actor_id) references actors (workspace_id, id)
      )`);

    this.createSnapshots();

    this.addSql(`
      alter table entries add column ticket_id text collate "C",
        add foreign key (workspace_id, ticket_id) references tickets (workspace_id, id)`);
    this.addSql(`
      alter table notifications add column ticket_id text collate "C",
        add foreign key (workspace_id, ticket_id) references tickets (workspace_id, id)`);
  }

  /**
   * Names and ids in them are what was true then: no foreign keys to people or entries. Each snapshot has two views with
   * a seal of its own, the team's and everyone's, so that who may not read whispers is told nothing that depends on them.
   */
  private createSnapshots(): void {
    // Deferred: the ticket itself comes last, since its number is the last lock of its transaction.
    this.addSql(`
      create table ticket_snapshots (
        ticket_id text collate "C" primary key,
        workspace_id text collate "C" not null,
        taken_at timestamptz(3) not null,
        subject text,
        customer jsonb not null,
        assignee jsonb,
        foreign key (workspace_id, ticket_id) references tickets (workspace_id, id) deferrable initially deferred
      )`);
    this.addSql(`
      create table ticket_snapshot_seals (
        ticket_id text collate "C" not null references ticket_snapshots (ticket_id),
        view text not null check (view in ('TEAM', 'EVERYONE')),
        participants jsonb not null,
        entry_count integer not null,
        sha256 text not null,
        primary key (ticket_id, view)
      )`);
    this.addSql(`
      create table ticket_snapshot_entries (
        ticket_id text collate "C" not null references ticket_snapshots (ticket_id),
        team_nr integer not null,
        everyone_nr integer,
        entry_id text collate "C" not null,
        kind text not null,
        audience text not null check (audience in ('EVERYONE', 'TEAM')),
        actor_id text collate "C" not null,
        actor_name text not null,
        agent_id text collate "C",
        agent_name text,
        text text,
        attachments jsonb,
        salt text,
        created_at timestamptz(3) not null,
        erased_at timestamptz(3),
        erased_sha256 text,
        primary key (ticket_id, team_nr),
        check ((audience = 'EVERYONE') = (everyone_nr is not null)),
        check ((agent_id is null) = (agent_name is null)),
        check ((erased_at is null) = (salt is not null)),
        check ((erased_at is null) = (erased_sha256 is null)),
        check (erased_at is null or text is null)
      )`);
    this.addSql(
      `create unique index ticket_snapshot_entries_of_everyone on ticket_snapshot_entries (ticket_id, everyone_nr)
       where everyone_nr is not null`,
    );

    this.addSql(`
      create function refuse_to_change_snapshot() returns trigger language plpgsql as $$
      begin
        raise exception 'A snapshot of a ticket is never changed' using errcode = 'restrict_violation';
      end $$`);
    // Text and salt may be erased, once and together; whatever else moves with them is refused. The digest that stays is
    // covered by the seal, so that a wrong one shows.
    this.addSql(`
      create function allow_only_erasure() returns trigger language plpgsql as $$
      declare
        kept ticket_snapshot_entries := new;
      begin
        kept.text := old.text;
        kept.salt := old.salt;
        kept.erased_at := old.erased_at;
        kept.erased_sha256 := old.erased_sha256;
        if old.erased_at is not null or new.erased_at is null or kept is distinct from old then
          raise exception 'An entry of a snapshot is never changed, only erased' using errcode = 'restrict_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`
      create trigger never_changed before update or delete on ticket_snapshots
      for each row execute function refuse_to_change_snapshot()`);
    this.addSql(`
      create trigger never_changed before update or delete on ticket_snapshot_seals
      for each row execute function refuse_to_change_snapshot()`);
    this.addSql(`
      create trigger never_deleted before delete on ticket_snapshot_entries
      for each row execute function refuse_to_change_snapshot()`);
    this.addSql(`
      create trigger only_erased before update on ticket_snapshot_entries
      for each row execute function allow_only_erasure()`);
  }
}
