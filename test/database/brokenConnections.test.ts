import { expect, test } from 'vitest';
import { Database } from '../../src/database/Database.js';
import { freshDatabaseUrl } from '../support/database.js';

test('connections that break inside transactions do not use the pool up', async () => {
  const { url, drop } = await freshDatabaseUrl();
  const database = await Database.connect({ url, poolSize: 2, statementTimeoutMs: 5000 });
  const die = () =>
    database.orm.em.fork().transactional((em) => em.execute('select pg_terminate_backend(pg_backend_pid())'));
  for (const _ of Array(2)) await expect(die()).rejects.toThrow();
  const work = await database.orm.em.fork().transactional((em) => em.execute('select 1 as one'));
  expect(work).toEqual([{ one: 1 }]);
  await database.close();
  await drop();
});
