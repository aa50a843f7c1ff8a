import type { Command } from 'commander';
import { apiKeyHash, apiKeyText, newApiKey } from '../../../shared/client/api-key.ts';
import { nameSchema } from '../../../shared/envelope/envelope.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { UsageError } from '../usage-error.ts';

interface ApiKeyOptions {
  readonly json?: boolean;
}

/** `flotilla api-key`: makes a key for a client. What is kept of it goes into the file of clients. */
export function addApiKey(program: Command, terminal: Terminal): void {
  program
    .command('api-key')
    .summary('make an API key for a client')
    .description(
      'Makes an API key. The key itself is for the client, which shows it as FLOTILLA_API_KEY or in the header ' +
        'flotilla-api-key; its hash goes into infra/clients.yaml, which coordinators read when they start.',
    )
    .argument('<client>', 'name of the client')
    .option('--json', 'print {"client", "id", "sha256", "apiKey"}')
    .action((client: string, { json }: ApiKeyOptions) => {
      if (!nameSchema.safeParse(client).success) {
        throw new UsageError(
          'bad_client',
          `"${client}" is no name of a client: small letters, digits and "-", a letter first.`,
        );
      }
      const key = newApiKey(client);
      const apiKey = apiKeyText(key);
      const kept = { id: key.id, sha256: apiKeyHash(key) };
      if (json) {
        terminal.out.print(JSON.stringify({ client, ...kept, apiKey }));
        return;
      }
      terminal.out.print(
        `The key, shown this once:`,
        '',
        `  ${apiKey}`,
        '',
        'For infra/clients.yaml:',
        '',
        'clients:',
        `  ${client}:`,
        '    keys:',
        `      - id: '${kept.id}'`,
        `        sha256: ${kept.sha256}`,
      );
    });
}
