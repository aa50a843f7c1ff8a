import type { Command } from 'commander';
import type { Manifest } from '../../../shared/envelope/manifest.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import { brokerOf, type NamedBroker } from '../input/broker-url.ts';
import { schemaText } from '../terminal/schema-text.ts';
import type { Screen } from '../terminal/screen.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { padTo, shorten, textWidth } from '../terminal/text-width.ts';

const ANSWER_MS = 5_000;
const nobodyThere: ReadonlySet<string> = new Set(['operation_timeout', 'broker_unreachable']);

interface ModelsOptions {
  readonly broker?: string;
  readonly json?: boolean;
}

/** `flotilla models`: how it stands with the models of a fleet; without one, what is shipped, and what each takes and gives. */
export function addModels(program: Command, terminal: Terminal): void {
  program
    .command('models')
    .summary('list models: how a fleet stands with them, or what is shipped')
    .description(
      'With a broker: the models of its fleet, with workers, requests, breakers and limits. Without ' +
        'one: the models that are shipped, what each takes and gives.',
    )
    .option('--broker <url>', 'ask the fleet on this broker (default: AMQP_URL)')
    .option('--json', 'print one JSON object per model')
    .action(async (options: ModelsOptions) => {
      const broker = brokerOf(options.broker, terminal.env);
      // A broker that nobody named in this command may have no fleet.
      const named = options.broker !== undefined;
      if (broker !== undefined && (await showFleet(broker, named, options, terminal))) return;
      const { shippedManifests } = await import('../../fleet/models.ts');
      const manifests = await shippedManifests();
      if (options.json) terminal.out.print(...manifests.map((each) => JSON.stringify(each)));
      else terminal.out.print(...modelLines(manifests, terminal.out.screen));
    });
}

/** Answers false where no fleet answers and none was asked for by name. */
async function showFleet(
  broker: NamedBroker,
  named: boolean,
  { json }: ModelsOptions,
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

function modelLines(manifests: readonly Manifest[], screen: Screen): string[] {
  const { palette, symbols, columns } = screen;
  const nameColumns = Math.max(0, ...manifests.map((each) => textWidth(each.name)));
  const cut = (text: string, room: number) => shorten(text, room, symbols.ellipsis);
  return manifests.flatMap((each) => {
    const name = padTo(each.name, nameColumns);
    const contract = `${schemaText(each.inputSchema)} ${symbols.arrow} ${schemaText(each.outputSchema)}`;
    return [
      `${palette.strong(name)}  v${each.version}  ${cut(contract, columns - nameColumns - 7)}`,
      palette.quiet(`  ${cut(each.description, columns - 3)}`),
    ];
  });
}
