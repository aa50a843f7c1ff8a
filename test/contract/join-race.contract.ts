import { afterAll, beforeAll, expect, it } from 'vitest';
import { JoinRace } from '../support/join-race.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

/** Two coordinators race for a join so many times. */
export function joinRaceContract(times: number, timeoutMs: number): void {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.stop());

  it(
    'two coordinators that get the last two replies at the same instant fire the join once',
    async () => {
      const outcomes = await JoinRace.run(database.url, times);
      expect(outcomes).toHaveLength(times);
      for (const { status, payload, events } of outcomes) {
        expect({ status, payload }).toEqual({
          status: 'succeeded',
          payload: { left: 'l', right: 'r' },
        });
        expect(events).toMatchObject({ join_fired: 1, reply_accepted: 2, run_finished: 1 });
      }
      // Were it always the same one, nothing would have been raced for.
      expect(new Set(outcomes.map(({ winner }) => winner))).toEqual(new Set(['c1', 'c2']));
    },
    timeoutMs,
  );
}
