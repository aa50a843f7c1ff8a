import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../services/coordinator/store/sqlite/database.ts';
import { prepareStatements } from '../../../services/coordinator/store/sqlite/statements.ts';

/** Statements that go through a whole table on purpose: one at the start, one of a table with a row for each model. */
const wholeTables = ['orphanOutbox', 'manifests'];

const database = openDatabase(':memory:');
afterAll(() => database.close());

const statements = Object.entries(prepareStatements(database)).filter(
  ([name]) => !wholeTables.includes(name),
);

describe('the statements of the SQLite store', () => {
  it.each(statements)(
    '%s finds its rows by an index, however many runs there are',
    (_, { sourceSQL }) => {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`).all() as {
        detail: string;
      }[];
      const details = plan.map(({ detail }) => detail);
      expect(details.filter((detail) => /^SCAN (?!json_each)|TEMP B-TREE/.test(detail))).toEqual(
        [],
      );
    },
  );
});
