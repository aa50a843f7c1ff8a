import type { Command } from 'commander';
import { flowOutline } from '../terminal/flow-outline.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { wrap } from '../terminal/text-width.ts';

/** `flotilla flows show`: one flow as a tree, or as a Mermaid diagram. */
export function addFlowsShow(flows: Command, terminal: Terminal): void {
  flows
    .command('show')
    .description('draw a flow as a tree, or as a Mermaid diagram')
    .argument('<flow>', 'name of a flow, or a flow file')
    .option('--mermaid', 'print a Mermaid flowchart')
    .action(async (name: string, options: { readonly mermaid?: boolean }) => {
      const { findFlow } = await import('../input/find-flow.ts');
      const { shippedFlows } = await import('../../fleet/flows.ts');
      const { flow } = findFlow(name, shippedFlows());
      if (options.mermaid) {
        const { toMermaid } = await import('../../../shared/flow/mermaid.ts');
        terminal.out.print(toMermaid(flow.definition).trimEnd());
        return;
      }
      const { screen } = terminal.out;
      const { description, version, flow: title } = flow.definition;
      terminal.out.print(
        `${screen.palette.strong(title)} v${version}`,
        ...wrap(description, screen.columns - 1),
        '',
        ...flowOutline(flow.definition, screen),
      );
    });
}
