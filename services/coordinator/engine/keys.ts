import type { KeyTemplate } from '../../../shared/flow/kernel.ts';

/** The job's payload. */
export const payloadKey = '$payload';
/** The job's context, and what steps outside of any branch patched into it. */
export const contextKey = '$context';

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
