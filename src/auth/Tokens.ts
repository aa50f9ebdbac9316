import { randomBytes } from 'node:crypto';
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';
import sql from 'sql-template-tag';
import { type Clock, later } from '../clock.js';
import type { Database } from '../database/Database.js';
import { type NotificationKind, notificationKinds } from '../entities/Notification.js';

const audience = 'parley';
/** Apart from a login's, so that neither can ever pass for the other. */
const unsubscribeAudience = 'parley:unsubscribe';
/** Mails are read late. */
const unsubscribeSeconds = 365 * 24 * 3600;
const clockSkewSeconds = 30;
/** Never the token's own choice: with an open list a public key could be used as an HS256 secret. */
const providerAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** What a valid token says: whose it is, by Parley's id or by an identity provider's verified e-mail, and until when. */
export type Claim = { actorId: string; expiresAt: Date } | { email: string; expiresAt: Date };

/** Which mails a link takes off, and whose. */
export interface UnsubscribeClaim {
  agentId: string;
  kind: NotificationKind;
}

export interface IdentityProvider {
  jwksUrl: string;
  issuer: string;
  audience: string;
}

/** Signs Parley's own tokens, and verifies them and the identity provider's. */
export class Tokens {
  private readonly providerKeys: JWTVerifyGetKey | null;

  constructor(
    private readonly secret: Uint8Array,
    private readonly clock: Clock,
    private readonly provider: IdentityProvider | null,
  ) {
    this.providerKeys = provider && createRemoteJWKSet(new URL(provider.jwksUrl));
  }

  async issue(actorId: string, seconds: number): Promise<{ token: string; expiresAt: Date }> {
    const expiresAt = later(this.clock.now(), seconds);
    return { token: await this.sign(audience, actorId, expiresAt), expiresAt };
  }

  /** For the link in a mail: it takes e-mail off one kind for one agent, and opens nothing. */
  issueUnsubscribe({ agentId, kind }: UnsubscribeClaim): Promise<string> {
    return this.sign(unsubscribeAudience, agentId, later(this.clock.now(), unsubscribeSeconds), { kind });
  }

  /** null for whatever is not a valid, unexpired token of such a link. */
  async verifyUnsubscribe(token: string): Promise<UnsubscribeClaim | null> {
    try {
      const { payload } = await jwtVerify(token, this.secret, {
        algorithms: ['HS256'],
        audience: unsubscribeAudience,
        requiredClaims: ['sub', 'exp'],
        ...this.time(),
      });
      const kind = notificationKinds.find((known) => known === payload.kind);
      return kind ? { agentId: payload.sub!, kind } : null;
    } catch {
      return null;
    }
  }

  /** null for whatever is not a valid, unexpired token of ours or of the identity provider. */
  async verify(token: string): Promise<Claim | null> {
    try {
      return decodeProtectedHeader(token).alg === 'HS256'
        ? await this.verifyOwn(token)
        : await this.verifyProviders(token);
    } catch {
      return null;
    }
  }

  private sign(audience: string, subject: string, expiresAt: Date, claims: JWTPayload = {}): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt(this.clock.now())
      .setExpirationTime(expiresAt)
      .sign(this.secret);
  }

  private async verifyOwn(token: string): Promise<Claim | null> {
    const { payload } = await jwtVerify(token, this.secret, {
      algorithms: ['HS256'],
      audience,
      requiredClaims: ['sub', 'exp', 'iat'],
      ...this.time(),
    });
    return { actorId: payload.sub!, expiresAt: new Date(payload.exp! * 1000) };
  }

  private async verifyProviders(token: string): Promise<Claim | null> {
    if (!this.provider || !this.providerKeys) return null;
    const { payload } = await jwtVerify(token, this.providerKeys, {
      algorithms: providerAlgorithms,
      issuer: this.provider.issuer,
      audience: this.provider.audience,
      requiredClaims: ['email', 'exp'],
      ...this.time(),
    });
    if (payload.email_verified !== true || typeof payload.email !== 'string') return null;
    return { email: payload.email, expiresAt: new Date(payload.exp! * 1000) };
  }

  private time() {
    return { currentDate: this.clock.now(), clockTolerance: clockSkewSeconds };
  }
}

/** The secret given in the settings, or one made once and kept in the database, so that all nodes share it. */
export async function signingSecret(database: Database, given: string | undefined): Promise<Uint8Array> {
  if (given !== undefined) return new TextEncoder().encode(given);
  const made = randomBytes(48).toString('base64');
  await database.read(
    sql`insert into server_settings (name, value) values ('auth_secret', ${made}) on conflict do nothing`,
  );
  const [row] = await database.read<{ value: string }>(
    sql`select value from server_settings where name = 'auth_secret'`,
  );
  return Buffer.from(row!.value, 'base64');
}
