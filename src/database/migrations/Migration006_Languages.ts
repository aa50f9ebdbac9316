import { Migration } from '@mikro-orm/migrations';

/** Languages and translations. Only adds, so that the previous version runs on beside it during an upgrade. */
export class Migration006_Languages extends Migration {
  override up(): void {
    this.addSql(`alter table entries add column language text`);
    // Null: as the engine is, allowed if it stands on the own network.
    this.addSql(`alter table workspaces add column translate_whispers boolean`);
    this.addSql(`
      create table profiles (
        workspace_id text collate "C" not null,
        agent_id text collate "C" primary key,
        preferred_language text,
        auto_translate boolean,
        foreign key (workspace_id, agent_id) references actors (workspace_id, id)
      )`);
    // Whether a text has been translated is known to whoever asks again. So nothing is shared between those who may not
    // know of one another's texts: workspaces, and the readers of messages, of whispers, and of one agent's notes.
    this.addSql(`
      create table translations (
        workspace_id text collate "C" not null references workspaces (id),
        readers text collate "C" not null,
        source_sha256 bytea not null,
        from_language text collate "C" not null,
        to_language text collate "C" not null,
        engine text collate "C" not null,
        text text not null,
        created_at timestamptz(3) not null,
        primary key (workspace_id, readers, source_sha256, from_language, to_language, engine)
      )`);
  }
}
