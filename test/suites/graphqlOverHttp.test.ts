import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';

/** Recommendations that we do not follow, by id. */
const deviations: Record<string, string> = {
  '572B': 'a syntax error is a 400, whatever is accepted: Apollo decides it, and proxies and logs see it as what it is',
  FDE2: 'so is a document that is not valid',
  '7B9B': 'so are variables that do not fit',
};

let app: TestApp;
let cast: Cast;
beforeAll(async () => {
  app = await startTestApp();
  cast = await castOf(app);
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});

/** As a program with a token that may also ask by GET. */
const fetchFn: typeof fetch = (url, init) => {
  const headers = new Headers(init?.headers);
  headers.set('authorization', `Bearer ${cast.ben.token}`);
  headers.set('apollo-require-preflight', '1');
  return fetch(url, { ...init, headers });
};

const audits = serverAudits({ url: () => `${app.url}/graphql`, fetchFn });

test('the audits are as many as when they were looked through', () => {
  expect(audits).toHaveLength(61);
});

test.each(audits)('$id $name', async ({ id, fn }) => {
  expect(await fn()).toMatchObject({ status: id in deviations ? 'warn' : 'ok' });
});
