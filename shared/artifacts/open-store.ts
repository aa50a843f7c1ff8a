import { brokerAddress } from '../transport/amqp/broker-url.ts';
import type { ArtifactStore, Artifacts } from './artifact-store.ts';
import { openFolderStore } from './folder/folder-store.ts';
import { type ArtifactSettings, readArtifactSettings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** The artifacts of a process, as its environment says. Throws ConfigError, and what `openArtifactStore` throws. */
export async function openArtifacts(env: Environment): Promise<Artifacts> {
  const settings = readArtifactSettings(env);
  const { thresholdBytes, lifetimeMs } = settings;
  return { store: await openArtifactStore(settings), thresholdBytes, lifetimeMs };
}

/**
 * The same for one among several processes. Where ARTIFACTS names nothing they share a folder when their broker is on this machine; with
 * a broker elsewhere there is none (undefined): others could not read what is written here.
 */
export async function openSharedArtifacts(
  brokerUrl: string,
  env: Environment,
): Promise<Artifacts | undefined> {
  if (!env['ARTIFACTS'] && !LOOPBACK.test(brokerAddress(brokerUrl).hostname)) return undefined;
  return openArtifacts(env);
}

/** The store that the settings name. Throws `artifact_unavailable` for a folder that cannot be made; a bucket is not asked yet. */
export async function openArtifactStore(settings: ArtifactSettings): Promise<ArtifactStore> {
  const { where, maxBytes } = settings;
  if (where.kind === 'folder') return openFolderStore({ folder: where.folder, maxBytes });
  // The SDK takes a while to load; nobody else waits for it.
  const { openS3Store } = await import('./s3/s3-store.ts');
  return openS3Store({ ...where, maxBytes });
}
