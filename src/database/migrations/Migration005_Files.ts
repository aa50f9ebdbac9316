import { Migration } from '@mikro-orm/migrations';

/** Attachments. Only adds, so that the previous version runs on beside it during an upgrade. */
export class Migration005_Files extends Migration {
  override up(): void {
    this.addSql(`
      alter table workspaces add column max_upload_bytes integer not null default 26214400
        check (max_upload_bytes between 1024 and 1073741824)`);
    this.addSql(`
      create table attachments (
        id text collate "C" primary key,
        workspace_id text collate "C" not null,
        uploader_id text collate "C" not null,
        entry_id text collate "C" references entries (id),
        position integer,
        file_name text not null,
        declared_type text not null,
        byte_size integer not null check (byte_size > 0),
        content_type text,
        image_width integer,
        image_height integer,
        state text not null check (state in ('REQUESTED', 'RECEIVING', 'READY', 'REFUSED', 'FORGOTTEN')),
        created_at timestamptz(3) not null,
        upload_expires_at timestamptz(3) not null,
        unique (workspace_id, id),
        foreign key (workspace_id, uploader_id) references actors (workspace_id, id),
        check ((entry_id is null) = (position is null)),
        check (entry_id is null or state = 'READY'),
        check (state <> 'READY' or content_type is not null),
        check ((image_width is null) = (image_height is null))
      )`);
    this.addSql(
      `create unique index attachments_of_entry on attachments (entry_id, position) where entry_id is not null`,
    );
    this.addSql(`create index attachments_unused on attachments (created_at) where entry_id is null`);
    this.addSql(`create index attachments_unused_of on attachments (uploader_id) where entry_id is null`);
  }
}
