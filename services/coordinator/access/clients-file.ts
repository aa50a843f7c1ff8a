import { z } from 'zod';
import { nameSchema } from '../../../shared/envelope/envelope.ts';
import { prioritySchema } from '../../../shared/envelope/priority.ts';
import { checkedSettings, readSettingsFile } from '../settings-file.ts';

/** submit: jobs; read: runs, dead letters and models; operate: cancel, resume, replay, pause and the like. */
const rightSchema = z.enum(['submit', 'read', 'operate']);
export type Right = z.infer<typeof rightSchema>;

const grantSchema = z.strictObject({
  may: z.array(rightSchema).default(['submit', 'read', 'operate']),
  /** Left out: every flow. */
  flows: z.array(nameSchema).optional(),
  priority: prioritySchema.default('urgent'),
  /** Jobs and operations in a minute, over all coordinators. */
  perMinute: z.int().positive().optional(),
});

const keySchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{8}$/, 'must be 8 hexadecimal digits'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  /** An instant or a day, UTC; from then on it is refused. */
  expires: z.union([z.iso.date(), z.iso.datetime()]).optional(),
});

const fileSchema = z.strictObject({
  /** Whoever is not named below. `may: []` refuses them. */
  others: grantSchema.prefault({}),
  clients: z
    .record(nameSchema, grantSchema.extend({ keys: z.array(keySchema).default([]) }))
    .default({}),
});

export type ClientsFile = z.infer<typeof fileSchema>;
export type GrantWords = z.infer<typeof grantSchema>;

/** Throws ConfigError `clients_invalid` with every problem. */
export function clientsOf(file: unknown): ClientsFile {
  return checkedSettings(fileSchema, file ?? {}, 'clients_invalid');
}

/** Reads a file of clients; without one everybody may do everything. Throws ConfigError `clients_invalid`. */
export function readClients(path: string): ClientsFile {
  return clientsOf(readSettingsFile(path, 'clients_invalid'));
}
