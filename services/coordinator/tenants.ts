import { z } from 'zod';
import { nameSchema } from '../../shared/envelope/envelope.ts';
import { DEFAULT_TENANT } from '../../shared/envelope/ids.ts';
import { ConfigError } from '../../shared/errors/errors.ts';
import { checkedSettings, readSettingsFile } from './settings-file.ts';

const fileSchema = z.strictObject({
  tenants: z.record(
    nameSchema,
    z.strictObject({
      /** Its share of a crowded model beside the others. */
      weight: z.number().positive().max(1_000).default(1),
      /** Names of clients, as the broker attests them. */
      clients: z.array(nameSchema).default([]),
    }),
  ),
});

/** Who belongs to which tenant, and what share of a crowded model each has. */
export class Tenants {
  readonly #ofClient = new Map<string, string>();
  readonly #weights = new Map<string, number>();

  /** Throws ConfigError `tenants_invalid` for what is no list of tenants, or names a client twice. */
  constructor(file: unknown = { tenants: {} }) {
    const { tenants } = checkedSettings(fileSchema, file, 'tenants_invalid');
    const problems: string[] = [];
    for (const [tenant, { weight, clients }] of Object.entries(tenants)) {
      this.#weights.set(tenant, weight);
      for (const client of clients) {
        const other = this.#ofClient.get(client);
        if (other !== undefined) {
          problems.push(`tenants.${tenant}.clients: ${client} belongs to ${other} already`);
        }
        this.#ofClient.set(client, tenant);
      }
    }
    if (problems.length > 0) throw new ConfigError(problems, 'tenants_invalid');
  }

  /** The tenant of a client that the broker attests. */
  tenantOf(client: string): string {
    return this.#ofClient.get(client) ?? DEFAULT_TENANT;
  }

  weightOf(tenant: string): number {
    return this.#weights.get(tenant) ?? 1;
  }
}

/** Reads a file of tenants; without one everybody is of the tenant `default`. Throws ConfigError `tenants_invalid`. */
export function readTenants(path: string): Tenants {
  return new Tenants(readSettingsFile(path, 'tenants_invalid'));
}
