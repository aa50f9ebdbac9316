/** Whom the demo lets one be. `handle` is an e-mail address, or a bot's or integration's handle. */
export interface DemoPerson {
  id: string;
  handle: string;
  displayName: string;
  role: 'ADMIN' | 'AGENT' | 'CUSTOMER' | 'AI_AGENT' | 'INTEGRATION';
  workspace: 'Acme' | 'Globex';
}

/** Every agent's. */
export const demoPassword = 'parley-demo';

export const demoWorkspaces = {
  Acme: {
    id: 'ws_01ke5q8600ezst6d1tm5qvxnm2',
    defaultAiAgentId: 'ai_01ke5q8600fzeamasmqrzvdtkq',
    systemId: 'sys_01ke5q8600essvahdgf6n9sv2z',
  },
  Globex: {
    id: 'ws_01ke5q8600ef89vqyg2np2nmdh',
    defaultAiAgentId: 'ai_01ke5q8600e7t9t315d3rs4jnj',
    systemId: 'sys_01ke5q8600ez0r12vp80etbazg',
  },
};

export const demoPeople: readonly DemoPerson[] = [
  {
    id: 'agent_01ke5q8600fb1v9mv9vq9pqzs8',
    handle: 'ada@acme.test',
    displayName: 'Ada Okafor',
    role: 'ADMIN',
    workspace: 'Acme',
  },
  {
    id: 'agent_01ke5q8600fxs9qj4gj1xh9gk1',
    handle: 'ben@acme.test',
    displayName: 'Ben Lindqvist',
    role: 'AGENT',
    workspace: 'Acme',
  },
  {
    id: 'agent_01ke5q8600et9sp13sv41n7wqn',
    handle: 'cleo@acme.test',
    displayName: 'Cleo Marchetti',
    role: 'AGENT',
    workspace: 'Acme',
  },
  {
    id: 'ai_01ke5q8600fzeamasmqrzvdtkq',
    handle: 'acme-bot',
    displayName: 'Acme Assistant',
    role: 'AI_AGENT',
    workspace: 'Acme',
  },
  {
    id: 'cust_01ke5q8600f5dsccn595e3e7kj',
    handle: 'dana@example.test',
    displayName: 'Dana Keller',
    role: 'CUSTOMER',
    workspace: 'Acme',
  },
  {
    id: 'cust_01ke5q8600fsfa1fx93zh6z9s5',
    handle: 'eli@example.test',
    displayName: 'Eli Navarro',
    role: 'CUSTOMER',
    workspace: 'Acme',
  },
  {
    id: 'int_01ke5q8600fr8aaetsgkpcgggf',
    handle: 'acme-crm',
    displayName: 'Acme CRM',
    role: 'INTEGRATION',
    workspace: 'Acme',
  },
  {
    id: 'agent_01ke5q8600ej0aq8fq2gvry5h0',
    handle: 'gus@globex.test',
    displayName: 'Gus Brandt',
    role: 'ADMIN',
    workspace: 'Globex',
  },
  {
    id: 'agent_01ke5q8600epkthfkabr3eqkv8',
    handle: 'hal@globex.test',
    displayName: 'Hal Ferreira',
    role: 'AGENT',
    workspace: 'Globex',
  },
  {
    id: 'ai_01ke5q8600e7t9t315d3rs4jnj',
    handle: 'globex-bot',
    displayName: 'Globex Bot',
    role: 'AI_AGENT',
    workspace: 'Globex',
  },
  {
    id: 'cust_01ke5q8600ews9mccjfgp6p48f',
    handle: 'ivy@example.test',
    displayName: 'Ivy Tanaka',
    role: 'CUSTOMER',
    workspace: 'Globex',
  },
];

/** The one with this handle, who must be there. */
export function demoPerson(handle: string): DemoPerson {
  const person = demoPeople.find((one) => one.handle === handle);
  if (!person) throw new Error(`Nobody in the demo is called ${handle}.`);
  return person;
}
