import { Migration } from '@mikro-orm/migrations';

/**
 * Search over what was written, in any language: words without accents and inflection by a configuration of our own, and
 * pieces of words by trigrams. Messages and whispers have indexes apart, so that looking for the one costs the same
 * however much of the other there is.
 */
export class Migration007_Search extends Migration {
  override up(): void {
    for (const extension of ['unaccent', 'pg_trgm', 'btree_gin'])
      this.addSql(`create extension if not exists ${extension}`);
    this.addSql(`create text search configuration parley (copy = simple)`);
    this.addSql(
      `alter text search configuration parley alter mapping for hword, hword_part, word with unaccent, simple`,
    );
    // unaccent is only called stable because its dictionary could be changed. Its schema is named, since a restored
    // database builds its indexes without a search path.
    this.addSql(`
      do $do$ begin
        execute format($sql$
          create function plain_text(value text) returns text language sql immutable strict parallel safe
          as $$ select lower(%1$I.unaccent('%1$I.unaccent'::regdictionary, value)) $$ $sql$,
          (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'unaccent'));
      end $do$`);
    for (const type of ['MESSAGE', 'WHISPER']) {
      const name = `entries_${type.toLowerCase()}`;
      this.addSql(
        `create index ${name}_words on entries using gin (workspace_id, to_tsvector('parley', text)) where type = '${type}'`,
      );
      this.addSql(
        `create index ${name}_pieces on entries using gin (workspace_id, plain_text(text) gin_trgm_ops) where type = '${type}'`,
      );
    }
  }
}
