import { type LoadedFlow, loadFlow } from '../../shared/flow/load.ts';

/** A flow that calls the models one after the other, each with the text of the one before. */
export function chainFlow(
  models: readonly string[],
  name = 'chain',
  extra: object = {},
): LoadedFlow {
  const steps = models.map((model, index) => ({
    step: `s${index + 1}`,
    model,
    timeout: '1s',
    retry: { attempts: 1 },
    input: { text: index === 0 ? 'payload.text' : `context.s${index}.text` },
  }));
  return loadFlow(
    JSON.stringify({
      flow: name,
      version: 1,
      description: 'A chain for tests.',
      input: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
      do: steps,
      output: { text: `context.s${models.length}.text` },
      ...extra,
    }),
  );
}
