import { getCompileCacheDir } from 'node:module';
import type { Command } from 'commander';
import { stopSignal } from '../../../shared/lifecycle/signals.ts';
import { requiredBroker } from '../input/broker-url.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { signingOf } from '../up/signing.ts';

interface UpOptions {
  readonly broker?: string;
  readonly db?: string;
  readonly flows?: string;
  readonly json?: boolean;
}

const LOCAL_BROKER = 'amqp://guest:guest@localhost:5672';

/** `flotilla up`: services as processes of their own, on a broker. */
export function addUp(program: Command, terminal: Terminal): void {
  program
    .command('up')
    .summary('start services as processes on a RabbitMQ broker')
    .description(
      'Starts services as processes of their own on a RabbitMQ broker and shows their logs as one. ' +
        'Without names: the coordinator and every model. Ctrl-C drains and stops them all.',
    )
    .argument('[service...]', 'services to start, with =N for N processes of one')
    .option('--broker <url>', `the broker (default: AMQP_URL, else ${LOCAL_BROKER})`)
    .option('--db <file>', "the coordinator's database (default: .flotilla/coordinator.db)")
    .option('--flows <folder>', "the coordinator's flow files (default: those that are shipped)")
    .option('--json', 'print the JSON lines of the services as they are')
    .addHelpText(
      'after',
      `
Examples:
  flotilla up
  flotilla up coordinator sentiment=3 --broker amqp://user:secret@broker.example`,
    )
    .action(async (words: string[], options: UpOptions) => {
      const { flowFolder } = await import('../../fleet/flow-folder.ts');
      const { defaultServices, serviceEntry, serviceNames } = await import(
        '../../fleet/services.ts'
      );
      const { planProcesses } = await import('../up/service-plan.ts');
      const { Supervisor } = await import('../up/supervisor.ts');
      const broker = requiredBroker(options.broker, {
        AMQP_URL: terminal.env['AMQP_URL'] || LOCAL_BROKER,
      });
      const planned = planProcesses(words, serviceNames(), defaultServices(terminal.env));
      const compiled = getCompileCacheDir();
      const signing = signingOf(terminal.env, broker.url, serviceNames());
      const env = {
        FLOWS_DIR: flowFolder,
        ...signing,
        // The services share most of their code: compiled once, all but the first start sooner.
        ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
        ...terminal.env,
        AMQP_URL: broker.url,
        ...(options.db === undefined ? {} : { FLOTILLA_DB: options.db }),
        ...(options.flows === undefined ? {} : { FLOWS_DIR: options.flows }),
      };
      const commands = planned.map(({ service, name }) => ({
        name,
        env,
        ...serviceEntry(service),
      }));
      const { address } = broker;
      const supervisor = new Supervisor({
        commands,
        address,
        terminal,
        json: options.json === true,
      });
      const stop = new AbortController();
      const stopped = stopSignal().then(() => stop.abort());
      await supervisor.start(stop.signal);
      await stopped;
      await supervisor.stop();
    });
}
