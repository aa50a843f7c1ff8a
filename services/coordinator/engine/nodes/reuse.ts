import { isJsonObject } from '../../../../shared/envelope/json.ts';
import { absent } from '../decision.ts';
import { patchKeyOf } from '../keys.ts';
import { peek, requireRead } from '../values.ts';
import type { CallSite } from './dispatch.ts';
import { provide } from './reply.ts';

/** In a run that goes on from another: takes over the output that the call has there. Answers whether there was one. */
export function reuse(site: CallSite, path: string): boolean {
  const { draft } = site;
  const { continues } = draft.run;
  if (continues === undefined) return false;
  const output = peek(path, draft);
  const patch = peek(patchKeyOf(path), draft);
  requireRead(draft);
  if (output === absent || !isJsonObject(output)) return false;
  const given = { output, servedBy: 'reused' };
  provide(site, path, isJsonObject(patch) ? { ...given, patch } : given);
  draft.history.push({ type: 'step_reused', path, facts: { run: continues.run } });
  return true;
}
