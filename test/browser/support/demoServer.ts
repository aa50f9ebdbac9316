import { startTestApp } from '../../support/app.js';

/** A server in demo mode, and what its people may say to it. */
export interface DemoServer {
  url: string;
  people: DemoPerson[];
  /** Executes a query or mutation as one of the people; answers its `data`, and throws when it has `errors`. */
  ask<Data>(handle: string, query: string, variables?: Record<string, unknown>): Promise<Data>;
  stop(): Promise<void>;
}

interface DemoPerson {
  handle: string;
  displayName: string;
  role: string;
  workspace: string;
  token: string;
}

/** The server as it is shipped, with the demo and GraphiQL, on a database of its own. */
export async function startDemoServer(): Promise<DemoServer> {
  const app = await startTestApp({ DEMO: '1', GRAPHIQL: '1' });
  const { url } = app;
  const { people } = (await (await fetch(new URL('/demo/people', url))).json()) as { people: DemoPerson[] };
  return {
    url,
    people,
    stop: () => app.close(),
    async ask<Data>(handle: string, query: string, variables?: Record<string, unknown>) {
      const token = people.find((person) => person.handle === handle)?.token;
      const response = await fetch(new URL('/graphql', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
      if (errors) throw new Error(`${handle} was refused: ${JSON.stringify(errors)}`);
      return data;
    },
  };
}
