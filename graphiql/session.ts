/** Somebody whom one can be on this page. */
export interface Identity {
  displayName: string;
  role: 'ADMIN' | 'AGENT' | 'CUSTOMER' | 'AI_AGENT' | 'INTEGRATION';
  workspace: string;
}

/** One of the demo's people, as the server's `demo/people` lists them. */
export interface DemoPerson extends Identity {
  handle: string;
  token: string;
}

interface SessionState {
  /** The demo's people; null when this server has no demo. */
  people: DemoPerson[] | null;
  /** The handle of the picked person, or PASTED, or NOBODY. */
  choice: string;
  /** The token of one's own. */
  pasted: string;
  /** Whose token the pasted one is; null while that is unknown. */
  owner: Identity | null;
}

export const NOBODY = 'nobody';
export const PASTED = 'pasted';

const CHOICE_KEY = 'parley:person';
const TOKEN_KEY = 'parley:token';
const WHO_AM_I = `{
  viewer {
    actor { __typename displayName ... on Agent { role } }
    workspace { name }
  }
}`;

/**
 * Who speaks on this page. The pick is remembered per window first, so that two windows can be two people, and for new
 * windows after that. A pasted token lives as long as its window.
 */
class Session {
  readonly endpoint = new URL('graphql', document.baseURI).href;
  state: SessionState = { people: null, choice: NOBODY, pasted: '', owner: null };
  #listeners = new Set<() => void>();

  /** Asks the server who there is to be, and restores the last pick. Call it once, before the page is drawn. */
  async open() {
    const people = await fetchPeople();
    const remembered = sessionStorage.getItem(CHOICE_KEY) ?? localStorage.getItem(CHOICE_KEY);
    const choice = [NOBODY, PASTED, ...(people ?? []).map((person) => person.handle)].find((it) => it === remembered);
    const firstAgent = people?.find((person) => person.role === 'AGENT') ?? people?.[0];
    this.#set({
      people,
      pasted: sessionStorage.getItem(TOKEN_KEY) ?? '',
      choice: people ? (choice ?? firstAgent?.handle ?? NOBODY) : PASTED,
    });
    await this.#findOwner();
  }

  /** Becomes a person of the demo (by handle), NOBODY, or the owner of the PASTED token. */
  choose(choice: string) {
    sessionStorage.setItem(CHOICE_KEY, choice);
    localStorage.setItem(CHOICE_KEY, choice);
    this.#set({ choice });
  }

  /** Becomes the owner of this token. */
  async paste(token: string) {
    const pasted = token.trim().replace(/^Bearer\s+/i, '');
    sessionStorage.setItem(TOKEN_KEY, pasted);
    this.#set({ pasted, owner: null });
    await this.#findOwner();
  }

  /** Fetches the demo's people again. Says whether that brought a new token to try. */
  async refresh() {
    const before = this.token;
    if (this.state.people) this.#set({ people: await fetchPeople() });
    return this.token !== before && this.token !== null;
  }

  get person(): DemoPerson | undefined {
    return this.state.people?.find((person) => person.handle === this.state.choice);
  }

  get identity(): Identity | null {
    return this.person ?? (this.state.choice === PASTED ? this.state.owner : null);
  }

  get token(): string | null {
    return this.person?.token ?? ((this.state.choice === PASTED && this.state.pasted) || null);
  }

  get credentials(): { authorization?: string } {
    return this.token ? { authorization: `Bearer ${this.token}` } : {};
  }

  /** `fetch` as the present person. The demo's tokens expire: a 401 is tried once more with a fresh one. */
  readonly fetch = async (url: RequestInfo | URL, init: RequestInit = {}) => {
    const send = () => fetch(url, { ...init, headers: { ...init.headers, ...this.credentials } });
    const response = await send();
    return response.status === 401 && (await this.refresh()) ? send() : response;
  };

  /** Answers a query's `data`; null when there is none. Throws when the server cannot be reached. */
  async ask<Data>(query: string, variables?: Record<string, unknown>): Promise<Data | null> {
    const response = await this.fetch(this.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data } = (await response.json()) as { data?: Data | null };
    return data ?? null;
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = () => this.state;

  async #findOwner() {
    const { choice, pasted } = this.state;
    if (choice !== PASTED || !pasted) return;
    const data = await this.ask<WhoAmI>(WHO_AM_I).catch(() => null);
    if (!data || this.state.pasted !== pasted) return;
    const { actor, workspace } = data.viewer;
    const role = actor.role ?? ROLES[actor.__typename];
    if (role) this.#set({ owner: { displayName: actor.displayName, role, workspace: workspace.name } });
  }

  #set(change: Partial<SessionState>) {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

interface WhoAmI {
  viewer: {
    actor: { __typename: string; displayName: string; role?: Identity['role'] };
    workspace: { name: string };
  };
}

const ROLES: Record<string, Identity['role']> = {
  Agent: 'AGENT',
  Customer: 'CUSTOMER',
  AiAgent: 'AI_AGENT',
  Integration: 'INTEGRATION',
};

async function fetchPeople(): Promise<DemoPerson[] | null> {
  const response = await fetch(new URL('demo/people', document.baseURI));
  if (!response.ok) return null;
  const { people } = (await response.json()) as { people: DemoPerson[] };
  return people;
}

export const session = new Session();
