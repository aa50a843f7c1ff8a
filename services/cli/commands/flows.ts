import type { Command } from 'commander';
import type { Terminal } from '../terminal/terminal.ts';
import { addFlowsList } from './flows-list.ts';
import { addFlowsShow } from './flows-show.ts';
import { addFlowsValidate } from './flows-validate.ts';

/** `flotilla flows`: what is there, what is wrong, what it looks like. */
export function addFlows(program: Command, terminal: Terminal): void {
  const flows = program
    .command('flows')
    .summary('list, check and draw flows')
    .description('Lists the flows that are shipped; checks flow files; draws a flow.')
    .addHelpText(
      'after',
      `
Examples:
  flotilla flows
  flotilla flows validate my-flow.yaml
  flotilla flows show support --mermaid > support.mmd`,
    );
  addFlowsList(flows, terminal);
  addFlowsValidate(flows, terminal);
  addFlowsShow(flows, terminal);
}
