import type { ScatterNode } from '../../../../shared/flow/kernel.ts';
import type { Draft } from '../draft.ts';

/** A scatter, where it stands in its flow. */
export interface ScatterSite {
  readonly node: ScatterNode;
  readonly path: string;
  readonly indices: readonly number[];
  readonly draft: Draft;
}
