import type { Manifest } from '../../shared/envelope/manifest.ts';
import { checkAgainstManifests } from '../../shared/flow/check-manifests.ts';
import type { LoadedFlow } from '../../shared/flow/load.ts';
import { loadFlowFolder } from '../../shared/flow/load-folder.ts';
import type { Problem } from '../../shared/flow/problem.ts';
import { flowFolder } from './flow-folder.ts';

/** The flows that are shipped. Throws ConfigError `flow_invalid`. */
export function shippedFlows(): readonly LoadedFlow[] {
  return loadFlowFolder(flowFolder);
}

/** What the shipped models and these flows do not agree on. */
export function modelProblems(
  flows: readonly LoadedFlow[],
  manifests: readonly Manifest[],
): readonly Problem[] {
  const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]));
  return flows.flatMap((flow) => checkAgainstManifests(flow, byName));
}
