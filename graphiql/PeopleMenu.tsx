import { useState } from 'react';
import { type DemoPerson, type Identity, NOBODY, PASTED, session } from './session.js';
import { useSession } from './useSession.js';

const ROLE_WORDS: Record<Identity['role'], string> = {
  ADMIN: 'admin',
  AGENT: 'agent',
  CUSTOMER: 'customer',
  AI_AGENT: 'AI agent',
  INTEGRATION: 'integration',
};

/** The bar on top of the page: who one is, and the menu to become somebody else. */
export function PeopleMenu() {
  const { people, choice, identity, pasted } = useSession();
  return (
    <>
      <span className="brand">
        <img src={new URL('./favicon.svg', import.meta.url).href} alt="" width="22" height="22" />
        Parley
      </span>
      <div className="person" data-role={identity?.role ?? NOBODY}>
        <span className="avatar" aria-hidden="true">
          {identity ? initials(identity.displayName) : '?'}
        </span>
        <span className="sentence" aria-live="polite">
          {identity ? (
            <>
              You are <strong>{identity.displayName}</strong>, {ROLE_WORDS[identity.role]} at {identity.workspace}
            </>
          ) : (
            <>
              You are <strong>not signed in</strong>
              {choice === PASTED && pasted && ': the token is not accepted'}
            </>
          )}
        </span>
        {people && (
          <>
            <span className="change" aria-hidden="true">
              Change
            </span>
            <select aria-label="Who you are" value={choice} onChange={(event) => session.choose(event.target.value)}>
              {[...Map.groupBy(people, (person) => person.workspace)].map(([workspace, members]) => (
                <optgroup key={workspace} label={workspace}>
                  {members.map((person) => (
                    <option key={person.handle} value={person.handle}>
                      {describe(person)}
                    </option>
                  ))}
                </optgroup>
              ))}
              <optgroup label="Otherwise">
                <option value={PASTED}>A token of your own …</option>
                <option value={NOBODY}>Nobody (not signed in)</option>
              </optgroup>
            </select>
          </>
        )}
      </div>
      {choice === PASTED && <TokenBox />}
    </>
  );
}

function TokenBox() {
  const [token, setToken] = useState(session.state.pasted);
  return (
    <form
      className="token"
      onSubmit={(event) => {
        event.preventDefault();
        void session.paste(token);
      }}
    >
      <input
        type="password"
        aria-label="Bearer token"
        placeholder="Paste a token or an API key"
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <button type="submit">Use</button>
    </form>
  );
}

function describe({ displayName, role }: DemoPerson) {
  return `${displayName}, ${ROLE_WORDS[role]}`;
}

function initials(name: string) {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word[0]?.toUpperCase())
    .join('');
}
