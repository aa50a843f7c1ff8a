/** A bug that we could have made: one edit of one file, and the cheapest test that must go red with it. */
export interface SeededBug {
  readonly name: string;
  readonly file: string;
  /** Text that is in the file exactly once. */
  readonly was: string;
  readonly becomes: string;
  readonly test: string;
  /** Words of the test's name; left out: any test of the file may catch it. */
  readonly named?: string;
}

/**
 * The classic bugs of systems like this one. They are edits of a copy, not switches in the product: what ships has no line for
 * their sake.
 */
export const seededBugs: readonly SeededBug[] = [
  {
    name: 'ack before commit',
    file: 'services/coordinator/coordinator.ts',
    was: '    await this.#commits.commit(tasks);\n',
    becomes: '    ack();\n    await this.#commits.commit(tasks);\n',
    test: 'test/integration/coordinator/recovery.test.ts',
    named: 'because another process took it over',
  },
  {
    name: 'no confirm wait',
    file: 'shared/worker/reply-publisher.ts',
    was: '      return await published;\n',
    becomes: "      return batch.map(() => ({ status: 'confirmed' }));\n",
    test: 'test/unit/worker/confirms.test.ts',
  },
  {
    name: 'outbox row deleted before its confirm',
    file: 'services/coordinator/outbox/outgoing.ts',
    was: '    this.#onTheWay += rows.length;\n',
    becomes: '    this.#onTheWay += rows.length;\n    this.drop(rows);\n',
    test: 'test/unit/coordinator/outgoing.test.ts',
  },
  {
    name: 'join by counter',
    file: 'services/coordinator/engine/nodes/tally.ts',
    was: 'withIndex(tally.succeeded, index);',
    becomes: 'withIndex(tally.succeeded, tally.succeededCount);',
    test: 'test/unit/engine/parallel.test.ts',
  },
  {
    name: 'no fence',
    file: 'services/coordinator/engine/events/reply-received.ts',
    was: "call?.phase.name === 'open' && call.attempt === attempt",
    becomes: "call?.phase.name === 'open'",
    test: 'test/unit/engine/replies.test.ts',
  },
  {
    name: 'terminal state overwritable',
    file: 'services/coordinator/store/sqlite/statements.ts',
    was: 'WHERE number = ? AND ${open}`',
    becomes: 'WHERE number = ?`',
    test: 'test/contract/store-sqlite.test.ts',
    named: 'refuses to change a final run',
  },
  {
    name: 'dedup key without branch',
    file: 'shared/worker/active-call.ts',
    was: 'return `${run}|${path}|${attempt}`;',
    becomes: 'return `${run}|${attempt}`;',
    test: 'test/unit/worker/duplicates.test.ts',
  },
  {
    name: 'dedup window shorter than the longest queue wait',
    file: 'shared/worker/reply-cache.ts',
    was: 'const MAX_REPLIES = 1_000;',
    becomes: 'const MAX_REPLIES = 10;',
    test: 'test/unit/worker/reply-cache.test.ts',
  },
  {
    name: 'late timer not cancelled',
    file: 'services/coordinator/engine/conclude.ts',
    was: 'state: null, error, dueMs: null }',
    becomes: 'state: null, error, dueMs: run.dueMs }',
    test: 'test/unit/engine/properties.test.ts',
    named: 'ends once',
  },
  {
    name: 'reply route from an AMQP property',
    file: 'services/coordinator/replies.ts',
    was: '    const { run: runId, path, attempt, model } = step;\n',
    becomes:
      '    const { path, attempt, model } = step;\n    const runId = delivery.correlationId ?? step.run;\n',
    test: 'test/integration/coordinator/runs.test.ts',
    named: 'belongs to the run in its step',
  },
  {
    name: 'verify after parse',
    file: 'shared/envelope/open-delivery.ts',
    was: '  checkHeaders(delivery.headers);\n',
    becomes:
      '  decode(type, delivery.body, { trust: trustOf[type] });\n  checkHeaders(delivery.headers);\n',
    test: 'test/unit/envelope/open-delivery.test.ts',
  },
  {
    name: 'ignored basic.cancel',
    file: 'shared/transport/amqp/consumer-session.ts',
    was: '      else void this.#cancelledByBroker(consumerTag);\n',
    becomes: '      else if (this.#over) void this.#cancelledByBroker(consumerTag);\n',
    test: 'test/integration/amqp/broker-faults.test.ts',
    named: 'in development it is declared again and consumed',
  },
  {
    name: 'mandatory off',
    file: 'shared/transport/amqp/properties.ts',
    was: 'mandatory: message.mandatory === true,',
    becomes: 'mandatory: false,',
    test: 'test/contract/transport-amqp.test.ts',
    named: 'only a mandatory one is unroutable',
  },
  {
    name: 'nack-requeue as retry',
    file: 'shared/worker/outcome.ts',
    was: '  if (error instanceof ShutdownError) return',
    becomes: '  if (error instanceof ShutdownError || describe(error).retryable) return',
    test: 'test/unit/worker/replies.test.ts',
    named: 'try again, and when',
  },
  {
    name: 'heartbeat on the blocked event loop',
    file: 'shared/worker/create-runner.ts',
    was: '  if (model.threads !== undefined) {\n',
    becomes: '  if (model.threads !== undefined && concurrency === 0) {\n',
    test: 'test/unit/worker/threads.test.ts',
    named: 'reports usage, patch, progress',
  },
];
