import { describe, expect, it } from 'vitest';
import { startFleet } from '../../../services/fleet/fleet.ts';
import { shippedFlows } from '../../../services/fleet/flows.ts';
import { shippedManifests, shippedModels } from '../../../services/fleet/models.ts';
import { memoryStore } from '../../../services/fleet/store.ts';
import { loadFlow } from '../../../shared/flow/load.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';

function fleetOf(text: string) {
  const flows = [loadFlow(text)];
  return startFleet({ flows, store: memoryStore(), logger: silentLogger, env: {} });
}

const moodFlow = (model: string, field: string) => `
flow: mood
version: 1
description: One step.
input: { type: object, required: [text], properties: { text: { type: string } } }
do:
  - step: mood
    model: ${model}
output:
  mood: context.mood.${field}
`;

describe('the fleet in one process', () => {
  it('loads the models of its flows alone, does their jobs and stops', async () => {
    const fleet = await fleetOf(moodFlow('sentiment', 'label'));
    try {
      expect(fleet.models).toEqual(['sentiment']);
      const { payload } = await fleet.client.run('mood', { text: 'I love it' });
      expect(payload).toEqual({ mood: 'positive' });
    } finally {
      await fleet.stop();
      await fleet.stop();
    }
  });

  it('loads the models that stand in for others, too', async () => {
    const flow = moodFlow('sentiment', '?label').replace(
      'model: sentiment',
      'model: sentiment\n    input: { text: payload.text }\n    fallback: topic',
    );
    const fleet = await fleetOf(`${flow}budget: { calls: 1, onExceeded: { model: language } }\n`);
    try {
      expect(fleet.models).toEqual(['sentiment', 'topic', 'language']);
    } finally {
      await fleet.stop();
    }
  });

  it('refuses a flow whose model is not there', async () => {
    await expect(fleetOf(moodFlow('sentimant', 'label'))).rejects.toMatchObject({
      code: 'model_unknown',
      message: 'There is no model "sentimant" to load.',
    });
  });

  it('refuses a flow that does not fit its model, with the line', async () => {
    await expect(fleetOf(moodFlow('sentiment', 'lable'))).rejects.toThrow(/flow\.yaml:\d+:\d+ /);
  });

  it('ships every model under its own name, and flows that fit them', async () => {
    const manifests = await shippedManifests();
    expect(manifests.map(({ name }) => name)).toEqual(shippedModels);
    const known = new Set(manifests.map(({ name }) => name));
    const called = shippedFlows().flatMap(({ flow }) => flow.mayCall.map(({ model }) => model));
    expect(called.filter((model) => !known.has(model))).toEqual([]);
  });
});
