import { connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { fleetDuties } from '../fleet-duties.ts';
import { serve } from '../process/serve.ts';

/** A client of the fleet over RabbitMQ. */
const [url] = process.argv.slice(2) as [string];
const client = await connectClient({ transport: await connectAmqp({ url }) });

serve(fleetDuties(client));
