import { demoPassword, demoPeople } from './people.js';

/** What `npm start` prints: where to look, and in the demo how to become each person. */
export function banner({ url, isDemo }: { url: string; isDemo: boolean }, { graphiql }: { graphiql: boolean }): string {
  const addresses = [...(graphiql ? [`  GraphiQL   ${url}`] : []), `  GraphQL    ${url}/graphql`];
  if (!isDemo) return ['', '  Parley is running.', '', ...addresses, ''].join('\n');
  const widest = Math.max(...demoPeople.map(({ handle }) => handle.length));
  const people = demoPeople.map(
    ({ handle, role, workspace }) =>
      `    ${handle.padEnd(widest)}  ${role.toLowerCase().replace('_', ' ')} at ${workspace}`,
  );
  return [
    '',
    '  Parley is running, with the demo.',
    '',
    ...addresses,
    '',
    `  Be one of them: pick them in GraphiQL; or signIn (agents; password "${demoPassword}"); or`,
    '  npm run --silent token -- HANDLE',
    '',
    ...people,
    '',
  ].join('\n');
}
