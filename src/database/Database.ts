import { createHash } from 'node:crypto';
import { MikroORM } from '@mikro-orm/postgresql';
import { LRUCache } from 'lru-cache';
import { Client, Pool, type PoolClient, type QueryResultRow, types } from 'pg';
import type { Sql } from 'sql-template-tag';
import { timedOut } from '../errors.js';
import { ormOptions } from './ormOptions.js';

export interface DatabaseOptions {
  url: string;
  poolSize: number;
  statementTimeoutMs: number;
  /** told what the ORM and its migrations have to say */
  log?: (message: string) => void;
}

/** What PostgreSQL says when a statement took too long. */
const queryCanceled = '57014';
const oldestServer = 15;

/** Dates as Date, bigint as number: none of ours reaches 2^53. */
const readTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === types.builtins.INT8) return Number;
    return types.getTypeParser(oid, format);
  },
};

/**
 * PostgreSQL as the application meets it: entities for commands (`orm`), raw prepared statements for reads (`read`),
 * both on one pool of connections.
 */
export class Database {
  /** Uses and names of statement texts. A text gets a prepared statement after a few uses, since each one costs memory in
   * every backend; which are kept is bounded. */
  private readonly statements = new LRUCache<string, { uses: number; name: string }>({ max: 200 });

  private constructor(
    readonly orm: MikroORM,
    readonly pool: Pool,
    readonly url: string,
  ) {}

  static async connect(options: DatabaseOptions): Promise<Database> {
    const orm = await MikroORM.init({
      ...ormOptions,
      clientUrl: options.url,
      logger: options.log ?? (() => {}),
      pool: { min: 0, max: options.poolSize },
      driverOptions: {
        application_name: 'parley',
        onPoolCreated: (pool: Pool) => {
          // One that breaks while nobody uses it is replaced; without a listener it would end the process.
          pool.on('error', (error) => options.log?.(`an idle connection broke: ${error.message}`));
          pool.on('connect', giveBackWhenBroken);
        },
        // The plans of our reads do not depend on their parameters, and planning each anew costs a third of the time. A
        // page by its index costs what it reads: at the price of a spinning disk PostgreSQL would sort whole timelines.
        options: `-c plan_cache_mode=force_generic_plan -c random_page_cost=1.1 -c statement_timeout=${options.statementTimeoutMs} -c timezone=UTC`,
      },
    });
    try {
      const pool = (await orm.em.getConnection().getNativeClient()) as Pool;
      return new Database(orm, pool, options.url);
    } catch (error) {
      await orm.close(true);
      throw error;
    }
  }

  /** Rows of one statement, outside any transaction. */
  async read<T extends object>(statement: Sql): Promise<T[]> {
    const text = statement.text;
    let known = this.statements.get(text);
    if (!known) {
      known = { uses: 0, name: `p_${createHash('sha1').update(text).digest('hex').slice(0, 24)}` };
      this.statements.set(text, known);
    }
    known.uses += 1;
    const name = known.uses > 3 ? known.name : undefined;
    const result = await this.pool.query<QueryResultRow & T>({
      text,
      values: statement.values,
      types: readTypes,
      ...(name && { name }),
    });
    return result.rows;
  }

  /** Rows of one statement whose cost depends on what is asked for: planned for its own values, and given up after
   * `limitMs`, with TIMED_OUT. */
  async readWithin<T extends object>(limitMs: number, statement: Sql): Promise<T[]> {
    const client = await this.pool.connect();
    try {
      await client.query(`begin read only; set local plan_cache_mode = auto; set local statement_timeout = ${limitMs}`);
      const { text, values } = statement;
      const result = await client.query<QueryResultRow & T>({ text, values, types: readTypes });
      await client.query('commit');
      client.release();
      return result.rows;
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        () => client.release(true),
      );
      throw (error as { code?: string }).code === queryCanceled ? timedOut() : error;
    }
  }

  /** Brings the tables up to date. Nodes that start at once wait for one another. */
  async migrate(): Promise<void> {
    const lock = new Client({ connectionString: this.url });
    lock.on('error', () => {}); // the migration meets the same end, and tells of it
    await lock.connect();
    try {
      await refuseOldServer(lock);
      await lock.query(`select pg_advisory_lock(hashtext('parley.migrate'))`);
      await this.orm.migrator.up();
    } finally {
      await lock.end();
    }
  }

  /** A pool apart, for what must not wait for requests, nor they for it. Whoever opens it ends it. */
  openPool(size: number, name: string, warn: (error: Error) => void): Pool {
    const pool = new Pool({ connectionString: this.url, max: size, application_name: name });
    pool.on('error', warn);
    pool.on('connect', (client) => client.on('error', warn));
    return pool;
  }

  async close(): Promise<void> {
    await this.orm.close(true);
    // The ORM ends the pool only if it has used it itself.
    if (!this.pool.ending) await this.pool.end();
  }
}

/** An older one would fail in the middle of a migration, over syntax that it does not know. */
async function refuseOldServer(client: Client): Promise<void> {
  const { rows } = await client.query(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number`,
  );
  const [{ version, number }] = rows as [{ version: string; number: number }];
  if (number < oldestServer * 10_000)
    throw new Error(`The database is PostgreSQL ${version}; Parley needs ${oldestServer} or later`);
}

const giveBackMs = 3000;

/** When a connection breaks inside a transaction, Kysely's rollback fails and never gives the connection back: each such
 * death would cost a place in the pool for good. By then whoever could have given it back has. */
function giveBackWhenBroken(client: PoolClient): void {
  client.once('end', () => {
    setTimeout(() => {
      try {
        client.release(true);
      } catch {
        // It has been given back, as it is after every death outside a transaction.
      }
    }, giveBackMs).unref();
  });
}
