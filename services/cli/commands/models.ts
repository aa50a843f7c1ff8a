import type { Command } from 'commander';
import type { Manifest } from '../../../shared/envelope/manifest.ts';
import { schemaText } from '../terminal/schema-text.ts';
import type { Screen } from '../terminal/screen.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { padTo, shorten, textWidth } from '../terminal/text-width.ts';

/** `flotilla models`: what is shipped, and what each takes and gives. */
export function addModels(program: Command, terminal: Terminal): void {
  program
    .command('models')
    .summary('list the models that are shipped')
    .description('Lists the models that are shipped: what each takes, what it gives.')
    .option('--json', 'print their manifests, one JSON object per line')
    .action(async (options: { readonly json?: boolean }) => {
      const { shippedManifests } = await import('../../fleet/models.ts');
      const manifests = await shippedManifests();
      if (options.json) terminal.out.print(...manifests.map((each) => JSON.stringify(each)));
      else terminal.out.print(...modelLines(manifests, terminal.out.screen));
    });
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
