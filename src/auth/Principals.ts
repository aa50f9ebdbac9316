import { LRUCache } from 'lru-cache';
import sql, { type Sql } from 'sql-template-tag';
import type { Clock } from '../clock.js';
import type { Database } from '../database/Database.js';
import { isIdOf, kindOfId } from '../ids.js';
import { apiKeyHash, isApiKey } from './apiKeys.js';
import type { Tokens } from './Tokens.js';
import type { Viewer } from './Viewer.js';

/** Standing is kept this long at most, so that a demotion or revocation counts within it even if its bell is lost. */
const keptMs = 5000;

type Standing = Omit<Viewer, 'expiresAt'>;

/** Who is calling, as the database knows them: role, scopes and whether they are still active are read, never claimed. */
export class Principals {
  private readonly standings = new LRUCache<string, Promise<Standing | null>>({ max: 20_000, ttl: keptMs });

  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
    private readonly clock: Clock,
  ) {}

  /** The viewer behind a bearer token or API key; null if it is not valid or its owner is no longer active. */
  async authenticate(token: string): Promise<Viewer | null> {
    if (isApiKey(token)) return this.byApiKey(apiKeyHash(token));
    const claim = await this.tokens.verify(token);
    if (claim === null) return null;
    const standing = 'email' in claim ? await this.byEmail(claim.email) : await this.byId(claim.actorId);
    return standing && { ...standing, expiresAt: claim.expiresAt };
  }

  /** The same viewer as they stand now, at most five seconds old; null once they may no longer be here. */
  async current(viewer: Viewer): Promise<Viewer | null> {
    if (viewer.expiresAt !== null && viewer.expiresAt <= this.clock.now()) return null;
    const standing = viewer.apiKeyId === null ? await this.byId(viewer.id) : await this.byApiKeyId(viewer.apiKeyId);
    return standing && { ...standing, expiresAt: viewer.expiresAt };
  }

  /** Whoever a link was made for, by their id or that of their API key; null once they may no longer be here. */
  async holder(id: string): Promise<Viewer | null> {
    const standing = isIdOf(id, 'key') ? await this.byApiKeyId(id) : await this.byId(id);
    return standing && { ...standing, expiresAt: null };
  }

  /** Something about this actor changed: whatever was kept is read anew. */
  forget(actorId: string): void {
    for (const [key, standing] of this.standings.entries()) {
      if (key === `id ${actorId}`) this.standings.delete(key);
      else if (!key.startsWith('id ')) {
        const drop = () => this.standings.peek(key) === standing && this.standings.delete(key);
        standing.then((known) => known?.id === actorId && drop(), drop);
      }
    }
  }

  private async byId(actorId: string): Promise<Standing | null> {
    if (kindOfId(actorId) === null) return null;
    return this.kept(
      `id ${actorId}`,
      sql`
      select ${columns}, null as "apiKeyId" from actors a where a.id = ${actorId} and a.active and a.kind <> 'SYSTEM'`,
    );
  }

  /** Lower-cased here: PostgreSQL would take other letters too, such as a dotted capital I for an i. */
  private async byEmail(claimed: string): Promise<Standing | null> {
    const email = claimed.toLowerCase();
    if (email.includes('\0')) return null;
    return this.kept(
      `email ${email}`,
      sql`
      select ${columns}, null as "apiKeyId" from actors a
      where a.kind = 'AGENT' and a.active and lower(a.email) = ${email}`,
    );
  }

  private async byApiKey(sha256: Buffer): Promise<Viewer | null> {
    const standing = await this.kept(`key ${sha256.toString('hex')}`, apiKeyStanding(sql`k.sha256 = ${sha256}`));
    return standing && { ...standing, expiresAt: null };
  }

  private byApiKeyId(id: string): Promise<Standing | null> {
    return this.kept(`key ${id}`, apiKeyStanding(sql`k.id = ${id}`));
  }

  /** One row, and only one: an e-mail that is active in two workspaces names nobody. */
  private async kept(key: string, statement: Sql): Promise<Standing | null> {
    let standing = this.standings.get(key);
    if (!standing) {
      standing = this.database.read<Standing>(statement).then((rows) => (rows.length === 1 ? rows[0]! : null));
      this.standings.set(key, standing);
      standing.catch(() => this.standings.delete(key));
    }
    return standing;
  }
}

const columns = sql`a.id, a.kind, a.workspace_id as "workspaceId", a.role, a.scopes`;

const apiKeyStanding = (condition: Sql) => sql`
  select ${columns}, k.id as "apiKeyId" from api_keys k
  join actors a on a.id = k.actor_id and a.active
  where ${condition} and k.revoked_at is null`;
