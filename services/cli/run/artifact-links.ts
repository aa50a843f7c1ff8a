import { openSharedArtifacts } from '../../../shared/artifacts/open-store.ts';
import { artifactMarker } from '../../../shared/artifacts/reference.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import { ClientArtifacts } from '../../../shared/client/client-artifacts.ts';
import type { Awaited } from '../../../shared/client/result-or-rest.ts';
import { visibleLine } from '../terminal/visible-text.ts';
import { UsageError } from '../usage-error.ts';

const LONGEST_MS = 60 * 60_000;

/**
 * A line for each artifact of a result: where it stands, and an address under which it can be downloaded for `lentMs`; none
 * when that is undefined. Throws UsageError for more than an hour, FleetError `artifact_has_no_address` and the like.
 */
export async function linksOf(
  awaited: Awaited,
  lentMs: number | undefined,
  brokerUrl: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  if (lentMs === undefined) return [];
  if (lentMs > LONGEST_MS) {
    throw new UsageError('links_too_long', 'An address can be lent for one hour at most: 10m.');
  }
  const found = awaited.name === 'ended' ? referencesIn(awaited.result.payload) : [];
  if (found.length === 0) return [];
  const opened = await openSharedArtifacts(brokerUrl, env);
  const artifacts = new ClientArtifacts(opened);
  try {
    const addresses = found.map(async ({ path, reference }) => {
      const address = await artifacts.address(artifactMarker(reference), lentMs / 1_000);
      return `/${visibleLine(path.join('/'))}  ${reference.mediaType}  ${address}`;
    });
    return await Promise.all(addresses);
  } finally {
    await opened?.store.close();
  }
}
