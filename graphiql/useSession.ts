import { useSyncExternalStore } from 'react';
import { session } from './session.js';

/** The session's present state, for a component that is drawn again when it changes. */
export function useSession() {
  const state = useSyncExternalStore(session.subscribe, session.snapshot);
  return { ...state, identity: session.identity, token: session.token };
}
