import type { ActorKind, AgentRole, Scope } from '../entities/Actor.js';

/** Who is calling, as the database knows them now. Never built from what a token claims. */
export interface Viewer {
  id: string;
  kind: ActorKind;
  workspaceId: string;
  /** of agents, else null */
  role: AgentRole | null;
  /** of integrations and AI agents */
  scopes: readonly Scope[];
  /** the API key that was shown, else null */
  apiKeyId: string | null;
  /** when the token ends; null for API keys */
  expiresAt: Date | null;
}

export const isAgent = (viewer: Viewer) => viewer.kind === 'AGENT';
export const isAdmin = (viewer: Viewer) => viewer.kind === 'AGENT' && viewer.role === 'ADMIN';
export const isCustomer = (viewer: Viewer) => viewer.kind === 'CUSTOMER';
export const isAiAgent = (viewer: Viewer) => viewer.kind === 'AI_AGENT';
export const hasScope = (viewer: Viewer, scope: Scope) =>
  viewer.kind === 'INTEGRATION' && viewer.scopes.includes(scope);
