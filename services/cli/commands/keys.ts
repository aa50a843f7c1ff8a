import type { Command } from 'commander';
import { handOutKeys } from '../../../shared/security/hand-out.ts';
import { addKeys, retireKeys, rotateKey } from '../../../shared/security/new-keys.ts';
import { type Spoke, spokeSchema } from '../../../shared/security/spoke.ts';
import { parseDuration } from '../input/duration.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { KEYS_FOLDER, spokesOf } from '../up/signing.ts';
import { UsageError } from '../usage-error.ts';

interface KeysOptions {
  readonly dir?: string;
  readonly alg: 'HS256' | 'EdDSA';
}

interface MakeOptions extends KeysOptions {
  readonly handOut?: string;
}

interface RotateOptions extends KeysOptions {
  readonly sealsIn?: string;
}

/** `flotilla keys`: makes, rotates and retires the keys with which messages are signed. */
export function addKeysCommand(program: Command, terminal: Terminal): void {
  const keys = program
    .command('keys')
    .summary('make the keys with which messages are signed')
    .description(
      'Makes a key for the coordinators, for each model and for each client named, where there is none yet. Each spoke shares its ' +
        'keys with the coordinators alone: a worker needs its own file and no other.',
    );
  const folderOf = ({ dir }: Pick<KeysOptions, 'dir'>) =>
    dir ?? (terminal.env['KEYS_DIR'] || KEYS_FOLDER);
  const withFolder = (command: Command) =>
    command.option('--dir <folder>', `where they are (default: KEYS_DIR, else ${KEYS_FOLDER})`);
  const withAlg = (command: Command) =>
    withFolder(command).option(
      '--alg <name>',
      'HS256, or EdDSA for a key pair on each side',
      'HS256',
    );

  const make = async (spokes: readonly Spoke[], options: KeysOptions) => {
    const folder = folderOf(options);
    const made = addKeys(folder, spokes, { alg: algOf(options), sealsFromMs: Date.now() });
    terminal.out.print(
      made.length === 0 ? `There is a key for each already in ${folder}.` : `Made in ${folder}:`,
      ...made.map((spoke) => `  ${spoke}`),
    );
  };

  withAlg(keys.command('make', { isDefault: true }))
    .summary('a key for everybody who has none')
    .argument('[client...]', 'names of clients')
    .option(
      '--hand-out <folder>',
      'copy to <folder>/<name> what each of them needs itself, and take away what it should no longer have',
    )
    .action(async (clients: string[], options: MakeOptions) => {
      const { serviceNames } = await import('../../fleet/services.ts');
      await make(
        [...spokesOf(serviceNames()), ...clients.map((name) => spoke(`client.${name}`))],
        options,
      );
      if (options.handOut === undefined) return;
      const names = handOutKeys(folderOf(options), options.handOut);
      terminal.out.print(`Each of ${names.length} has its own in ${options.handOut}.`);
    });
  withAlg(keys.command('add'))
    .summary('a key for worker.<model> or client.<name>')
    .argument('<spoke...>')
    .action((spokes: string[], options: KeysOptions) => make(spokes.map(spoke), options));
  withAlg(keys.command('rotate'))
    .summary('a new key beside the old ones, which still open')
    .argument('<spoke...>')
    .option(
      '--seals-in <time>',
      'time to take it to the other side before it signs (default: none)',
    )
    .action((spokes: string[], options: RotateOptions) => {
      const sealsFromMs =
        Date.now() + (options.sealsIn === undefined ? 0 : parseDuration(options.sealsIn));
      for (const each of spokes.map(spoke)) {
        const kid = rotateKey(folderOf(options), each, { alg: algOf(options), sealsFromMs });
        terminal.out.print(`${kid} signs from ${new Date(sealsFromMs).toISOString()}`);
      }
      terminal.out.print(
        'When nothing signed with the old ones is under way: flotilla keys retire',
      );
    });
  withFolder(keys.command('retire'))
    .summary('take away all keys but the one that signs')
    .argument('<spoke...>')
    .action((spokes: string[], options: Pick<KeysOptions, 'dir'>) => {
      for (const each of spokes.map(spoke)) {
        const count = retireKeys(folderOf(options), each, Date.now());
        terminal.out.print(`${each}: ${count} retired`);
      }
    });
}

function spoke(text: string): Spoke {
  const parsed = spokeSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    'bad_spoke',
    `"${text}" is nobody who signs: write worker.<model> or client.<name>.`,
  );
}

function algOf({ alg }: KeysOptions): 'HS256' | 'EdDSA' {
  if (alg === 'HS256' || alg === 'EdDSA') return alg;
  throw new UsageError('bad_alg', `There is no algorithm "${alg}" here: HS256 or EdDSA.`);
}
