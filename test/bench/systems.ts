import { fleetOnPostgres, fleetOnSqlite, signedOnSqlite, twoOnPostgres } from './fleet/fleet.ts';
import { inProcessInMemory, inProcessOnFile } from './in-process/in-process.ts';
import { reference, shapedReference } from './reference/reference.ts';
import type { System } from './system.ts';

/** What is measured when nothing is said. */
export const usualSystems: readonly System[] = [
  reference,
  shapedReference,
  fleetOnSqlite,
  signedOnSqlite,
  inProcessOnFile,
  inProcessInMemory,
];

/** Everything of ours, in the order of the tables. */
export const everySystem: readonly System[] = [
  reference,
  shapedReference,
  fleetOnSqlite,
  signedOnSqlite,
  fleetOnPostgres,
  twoOnPostgres,
  inProcessOnFile,
  inProcessInMemory,
];
