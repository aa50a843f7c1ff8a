import type { Command } from 'commander';
import type { Terminal } from '../terminal/terminal.ts';
import { padTo, textWidth, wrap } from '../terminal/text-width.ts';

/** `flotilla flows`: the shipped flows, each with its sentence. */
export function addFlowsList(flows: Command, terminal: Terminal): void {
  flows
    .command('list', { isDefault: true })
    .description('list the flows that are shipped')
    .option('--json', 'print one JSON object per flow')
    .action(async (options: { readonly json?: boolean }) => {
      const { shippedFlows } = await import('../../fleet/flows.ts');
      const loaded = shippedFlows().map(({ flow }) => flow);
      if (options.json) {
        const facts = loaded.map(({ name, version, description, models }) =>
          JSON.stringify({ name, version, description, models: models.map(({ model }) => model) }),
        );
        terminal.out.print(...facts);
        return;
      }
      const { palette, columns } = terminal.out.screen;
      const nameColumns = Math.max(0, ...loaded.map(({ name }) => textWidth(name))) + 2;
      for (const { name, description } of loaded) {
        const [first = '', ...others] = wrap(description, columns - 1 - nameColumns);
        terminal.out.print(
          palette.strong(padTo(name, nameColumns)) + first,
          ...others.map((line) => ' '.repeat(nameColumns) + line),
        );
      }
    });
}
