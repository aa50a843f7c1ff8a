import { serve } from '../../shared/worker/serve.ts';
import { model } from './model.ts';

await serve(model);
