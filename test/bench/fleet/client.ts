import { connectClient } from '../../../shared/client/client.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { fleetDuties } from '../fleet-duties.ts';
import { serve } from '../process/serve.ts';
import { signedWhereTold } from './signing.ts';

/** A client of the fleet over RabbitMQ. */
const [url] = process.argv.slice(2) as [string];
const logger = createLogger('bench-client', 'warn');
const transport = signedWhereTold(await connectAmqp({ url }), 'client.bench', logger);
const client = await connectClient({ transport });

serve(fleetDuties(client));
