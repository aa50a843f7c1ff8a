import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newId, runIdOf } from '../../../shared/envelope/ids.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import type { AnyModel } from '../../../shared/worker/model.ts';
import { ArtifactFleet, doubling, patientChain } from '../../support/artifact-fleet.ts';
import { flowOf } from '../../support/flow-text.ts';
import { marks } from '../../support/in-process-fleet.ts';

let fleet: ArtifactFleet;

beforeEach(async () => {
  fleet = await ArtifactFleet.open();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

describe('a reference that is not its sender’s', () => {
  const foreign = newId();

  it.each([
    ['of another run', 'artifact_not_allowed', () => fleet.stored({ run: runIdOf('a', 'b', 'c') })],
    [
      'of another tenant',
      'artifact_not_allowed',
      () => fleet.stored({ tenant: 'acme', run: runIdOf('default', 'tester', foreign) }),
    ],
    [
      'that is an address',
      'reference_not_allowed',
      async () => ({ $artifact: { url: 'http://169.254.169.254/' } }),
    ],
  ])('in a job, %s, is refused and no model is called', async (_what, code, make) => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    const one = await fleet.worker('one', marks('1'));
    const client = await fleet.client();
    const value = (await make()) as unknown as JsonValue;
    const { run } = await client.run('sample', { text: value }, { id: foreign });
    expect(run).toMatchObject({ status: 'failed', error: { code } });
    expect(one.requests).toEqual([]);
  });

  it.each(['output', 'patch'])('in the %s of a worker fails its step', async (where) => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    const reference = await fleet.stored({ run: runIdOf('a', 'b', 'c') });
    await fleet.serve({
      ...doubling,
      output: z.object({ text: z.unknown() }),
      run(_input: object, call: { patch(key: string, value: JsonValue): void }) {
        if (where === 'output') return { text: reference };
        call.patch('seen', reference);
        return { text: '' };
      },
    } as AnyModel);
    const client = await fleet.clientWithStore();
    const { run } = await client.run('sample', { text: 'go' });
    expect(run.error).toMatchObject({ code: 'artifact_not_allowed', step: 's1' });
  });

  it('in what an operator asks a step again is refused', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    await fleet.serve();
    const client = await fleet.clientWithStore();
    const { run } = await client.run('sample', { text: 'go' });
    const input: JsonObject = { text: await fleet.stored({ run: runIdOf('a', 'b', 'c') }) };
    const asked = client.operation('run.rerun', { run: run.id, from: 's1', input });
    await expect(asked).rejects.toMatchObject({ code: 'artifact_not_allowed' });
  });
});

it('an answer that refers to artifacts of its run is kept for no other run', async () => {
  const step = '- step: s1\n  model: one\n  cache: 1h\n  input: { text: payload.text }';
  const flow = flowOf(step, 'output: { text: context.s1.text }\n');
  await fleet.coordinator([flow], { artifacts: fleet.artifacts });
  await fleet.serve();
  const client = await fleet.clientWithStore();
  const servedBy: unknown[] = [];
  for (const text of ['short', 'short', 'x'.repeat(60_000), 'x'.repeat(60_000)]) {
    const { run } = await client.run('sample', { text });
    servedBy.push(run.steps['s1']?.servedBy);
  }
  expect(servedBy).toEqual([['one@1'], ['cache'], ['one@1'], ['one@1']]);
});
