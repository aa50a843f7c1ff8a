import type { KeyTemplate } from '../../../shared/flow/kernel.ts';

/** The job's payload. */
export const payloadKey = '$payload';
/** The job's context, and what steps outside of any branch patched into it. */
export const contextKey = '$context';

/** What a step's own reply patched into the context, for runs that go on from this one. */
export function patchKeyOf(path: string): string {
  return `${path}/$own`;
}

/** In a run that goes on from another: what the step of this path is asked, whatever its mapping says. */
export function inputKeyOf(path: string): string {
  return `${path}/$input`;
}

/** A template with each `#` replaced by an index of an enclosing `map` element, outermost first. */
export function keyOf(template: KeyTemplate, indices: readonly number[]): string {
  if (indices.length === 0 || !template.includes('#')) return template;
  let depth = 0;
  return template.replaceAll('#', () => String(indices[depth++]));
}

/** Names one attempt inside its run. */
export function attemptKeyOf(path: string, attempt: number): string {
  return `${path}#${attempt}`;
}
