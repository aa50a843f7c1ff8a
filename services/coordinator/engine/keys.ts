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

/** The same with the model that was asked: nobody else's late reply counts. */
export function closedKeyOf(path: string, attempt: number, model: string): string {
  return `${attemptKeyOf(path, attempt)}@${model}`;
}

/** Whether it names this attempt. One that an earlier version has closed names no model. */
export function closes(closedKey: string, path: string, attempt: number): boolean {
  const key = attemptKeyOf(path, attempt);
  return closedKey === key || closedKey.startsWith(`${key}@`);
}

/** The model that was asked; undefined where that was not written down. */
export function modelClosed(closedKey: string): string | undefined {
  return closedKey.split('@')[1];
}
