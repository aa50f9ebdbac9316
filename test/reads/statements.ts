import type { Sql } from 'sql-template-tag';
import { vi } from 'vitest';
import type { TestApp } from '../support/app.js';

/** What a node asks by itself, whoever calls: the sweep, the follower, and who is calling, which is kept for seconds. */
const ofItsOwn = [/ as topic/, /from followers/, / as "apiKeyId" from actors/];

/** Every statement that requests send to the database while `work` runs. */
export async function statementsOf({ world: { database } }: TestApp, work: () => Promise<unknown>): Promise<Sql[]> {
  const statements: Sql[] = [];
  const real = database.read.bind(database);
  const spy = vi.spyOn(database, 'read').mockImplementation((statement) => {
    if (!ofItsOwn.some((own) => own.test(statement.text))) statements.push(statement);
    return real(statement);
  });
  const transactions = vi.spyOn(database.orm.em, 'fork');
  try {
    await work();
    if (transactions.mock.calls.length > 0) throw new Error('A read went through entities');
    return statements;
  } finally {
    spy.mockRestore();
    transactions.mockRestore();
  }
}
