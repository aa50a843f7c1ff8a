import { fileURLToPath } from 'node:url';

/** The folder of the flows that are shipped. */
export const flowFolder: string = fileURLToPath(new URL('../../infra/flows', import.meta.url));
