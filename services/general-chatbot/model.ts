import { z } from 'zod';
import { visibleOnly } from '../../shared/envelope/visible-only.ts';
import { environment } from '../../shared/lifecycle/environment.ts';
import { asker, type Environment, providerOf } from '../../shared/llm/llm-model.ts';
import { modelFilePath, readModelFile } from '../../shared/llm/model-file.ts';
import { type Call, defineModel } from '../../shared/worker/model.ts';
import * as retrieval from './retrieval.ts';

const input = z.object({ text: z.string().min(1).max(20_000) });
const output = z.object({
  text: z.string().min(1),
  /** Where the answer is from: a language model, or the small collection that is shipped. */
  source: z.enum(['model', 'retrieval']),
  /** How well the retrieved answer fits. A language model does not say. */
  confidence: z.exactOptional(z.number().min(0).max(1)),
});

type Answer = (
  question: z.infer<typeof input>,
  call: Call,
) => Promise<z.infer<typeof output>> | z.infer<typeof output>;

/** How questions are answered: by the server that the environment names, else from the shipped collection. */
export function answering(env: Environment): Answer {
  const provider = providerOf(file, env);
  if (provider === undefined) {
    retrieval.load();
    return ({ text }) => retrieval.answer(text);
  }
  const ask = asker(file, provider);
  return async (question, call) => {
    const { text } = await ask(question, call);
    return output.parse({ text, source: 'model' });
  };
}

const file = readModelFile(modelFilePath('general-chatbot'));

/** Answers any question: a model file with an answer of its own where no server is configured. */
export const model = defineModel({
  name: file.name,
  version: file.version,
  description: file.description,
  input,
  output,
  sanitize: visibleOnly,
  concurrency: file.concurrency,
  timeoutMs: file.timeout,
  load: () => answering(environment()),
  run: (question, call, answer) => answer(question, call),
});
