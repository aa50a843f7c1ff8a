import { served } from '../../shared/llm/llm-model.ts';
import { serve } from '../../shared/worker/serve.ts';

await serve((env) => served(process.argv[2] ?? env['LLM_MODEL'], env));
