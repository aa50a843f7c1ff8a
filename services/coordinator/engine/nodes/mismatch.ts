import type { Kernel } from '../../../../shared/flow/kernel.ts';
import type { Frame } from '../run.ts';

/** A run whose state does not fit its flow: the wrong definition was loaded for it. */
export function mismatch(node: Kernel | undefined, frame: Frame): Error {
  return new Error(`A ${frame.kind} is open where the flow has ${node?.kind ?? 'nothing'}.`);
}
