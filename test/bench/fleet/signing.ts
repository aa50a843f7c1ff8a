import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addKeys } from '../../../shared/security/new-keys.ts';
import { securingOf } from '../../../shared/security/settings.ts';
import { coordinatorSpoke, identityOf, type Spoke } from '../../../shared/security/spoke.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import type { Lent } from '../place.ts';

/** A folder with keys for a coordinator, these models and the client. */
export function newKeys(models: readonly string[]): Lent {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-keys-'));
  const workers = models.map((name): Spoke => `worker.${name}`);
  const options = { alg: 'HS256', sealsFromMs: Date.now() } as const;
  addKeys(folder, [coordinatorSpoke, ...workers, 'client.bench'], options);
  return { url: folder, remove: async () => rmSync(folder, { recursive: true }) };
}

/** The transport as this party signs and checks with it, where its process was given keys; else as it is. */
export function signedWhereTold(transport: Transport, spoke: Spoke, logger: Logger): Transport {
  const { KEYS_DIR } = process.env;
  if (KEYS_DIR === undefined) return transport;
  return securingOf({ KEYS_DIR }, identityOf(spoke), logger)(transport);
}
