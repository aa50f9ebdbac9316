import sql, { empty } from 'sql-template-tag';
import type { Tokens } from '../auth/Tokens.js';
import { invalidInput, Refusal } from '../errors.js';
import { passwordMatches } from './passwords.js';
import type { World } from './World.js';

export interface SignInInput {
  email: string;
  password: string;
  workspaceId?: string | null;
}

export interface SignedIn {
  agentId: string;
  token: string;
  expiresAt: Date;
}

const tokenSeconds = 12 * 3600;
const longestPassword = 200;

/** A token for an active agent. Whether the e-mail is known shows in neither the answer nor the time it takes; that it is
 * in several workspaces is told only to whoever has a password of one. */
export async function signIn({ database }: World, tokens: Tokens, input: SignInInput): Promise<SignedIn> {
  const text = [input.email, input.password, input.workspaceId].join('');
  if (text.includes('\0') || !text.isWellFormed()) throw new Refusal('INVALID_CREDENTIALS');
  const agents = await database.read<{ id: string; hash: string | null }>(sql`
    select a.id, p.hash from actors a left join passwords p on p.agent_id = a.id
    where a.kind = 'AGENT' and a.active and lower(a.email) = lower(${input.email.trim()})
      ${input.workspaceId ? sql`and a.workspace_id = ${input.workspaceId}` : empty}
    order by a.id limit 10`);
  const password = input.password.slice(0, longestPassword + 1);
  const checks = (agents.length === 0 ? [{ id: '', hash: null }] : agents).map(
    async ({ id, hash }) => (await passwordMatches(hash, password)) && id,
  );
  const [agentId] = (await Promise.all(checks)).filter((id) => id !== false);
  if (!agentId) throw new Refusal('INVALID_CREDENTIALS');
  if (agents.length > 1) throw invalidInput(['workspaceId'], 'You are in several workspaces: say which.');
  return { agentId, ...(await tokens.issue(agentId, tokenSeconds)) };
}
