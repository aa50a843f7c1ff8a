import { afterAll, beforeAll } from 'vitest';
import { openPostgresStore } from '../../services/coordinator/store/postgres/postgres-store.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { storeContract } from './store.contract.ts';

let database: TestDatabase;
let count = 0;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.stop());

const schema = () => `test_${count}`;

storeContract({
  name: 'PostgreSQL',
  open() {
    count += 1;
    return openPostgresStore(database.url, { schema: schema() });
  },
  // Another coordinator sees what is committed, as one that starts after a crash would.
  openAsAfterACrash: () => openPostgresStore(database.url, { schema: schema() }),
  remove: async () => {
    await database.sql(`DROP SCHEMA ${schema()} CASCADE`);
  },
});
