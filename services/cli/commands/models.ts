import type { Command } from 'commander';
import { FleetError } from '../../../shared/errors/errors.ts';
import { brokerOf, type NamedBroker } from '../input/broker-url.ts';
import { defaultDatabase } from '../operate/options.ts';
import type { ModelStanding } from '../terminal/shipped-model-lines.ts';
import type { Terminal } from '../terminal/terminal.ts';

const ANSWER_MS = 5_000;
const nobodyThere: ReadonlySet<string> = new Set(['operation_timeout', 'broker_unreachable']);

interface ModelsOptions {
  readonly broker?: string;
  readonly db: string;
  readonly json?: boolean;
}

/** `flotilla models`: how it stands with the models of a fleet; without one, what is shipped, and what each takes and gives. */
export function addModels(program: Command, terminal: Terminal): void {
  program
    .command('models')
    .summary('list models: how a fleet stands with them, or what is shipped')
    .description(
      'With a broker: the models of its fleet, with workers, requests, breakers and limits. Without ' +
        'one: the models that are shipped, what each takes and gives, and which of them the runs of ' +
        'this folder may not call.',
    )
    .option('--broker <url>', 'ask the fleet on this broker (default: AMQP_URL)')
    .option('--db <file>', 'without a broker: where runs are kept', defaultDatabase)
    .option('--json', 'print one JSON object per model')
    .action(async (options: ModelsOptions) => {
      const broker = brokerOf(options.broker, terminal.env);
      // A broker that nobody named in this command may have no fleet.
      const named = options.broker !== undefined;
      if (broker !== undefined && (await showFleet(broker, named, options, terminal))) return;
      await showShipped(options, terminal);
    });
}

/** Answers false where no fleet answers and none was asked for by name. */
async function showFleet(
  broker: NamedBroker,
  named: boolean,
  { json }: Pick<ModelsOptions, 'json'>,
  { out, err, env }: Terminal,
): Promise<boolean> {
  const { withClient } = await import('../run/on-broker.ts');
  const { modelStatusLines } = await import('../terminal/model-status-lines.ts');
  try {
    const { models } = await withClient(broker, { out, err, env }, (client) =>
      client.operation('model.list', {}, { timeoutMs: ANSWER_MS }),
    );
    if (json) out.print(...models.map((each) => JSON.stringify(each)));
    else if (models.length === 0) out.print('No model was ever announced to this fleet.');
    else out.print(...modelStatusLines(models, out.screen));
    return true;
  } catch (error) {
    if (named || !(error instanceof FleetError) || !nobodyThere.has(error.code)) throw error;
    err.print(`flotilla: ${error.message} This is what is shipped. (${error.code})`);
    return false;
  }
}

async function showShipped({ db, json }: ModelsOptions, { out, err }: Terminal): Promise<void> {
  const { shippedManifests } = await import('../../fleet/models.ts');
  const { keptStandings } = await import('../../fleet/kept-runs.ts');
  const { shippedModelLines } = await import('../terminal/shipped-model-lines.ts');
  const manifests = await shippedManifests();
  const standings = await keptStandings(db).catch((error: unknown) => {
    if (!(error instanceof FleetError) || error.code !== 'store_in_use') throw error;
    err.print(`flotilla: ${error.message} What it knows of models is not shown. (${error.code})`);
    return new Map<string, ModelStanding>();
  });
  const free: ModelStanding = { paused: null, breakers: [] };
  const models = manifests.map((each) => ({ ...each, ...(standings.get(each.name) ?? free) }));
  if (json) out.print(...models.map((each) => JSON.stringify(each)));
  else out.print(...shippedModelLines(models, out.screen));
}
