import { Migration } from '@mikro-orm/migrations';

/** What agents chose to be, and when a node last had a socket of theirs. Nothing that a customer can read. */
export class Migration003_Presence extends Migration {
  override up(): void {
    this.addSql(`
      create table presences (
        agent_id text collate "C" primary key,
        workspace_id text collate "C" not null,
        chosen text not null check (chosen in ('ONLINE', 'AWAY', 'OFFLINE')),
        seen_at timestamptz(3) not null,
        foreign key (workspace_id, agent_id) references actors (workspace_id, id)
      )`);
  }
}
