import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../services/cli/flotilla.js', import.meta.url));

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The environment of a person who has set nothing: no broker, no colours asked for, no log. */
function plainEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const unset = ['AMQP_URL', 'NO_COLOR', 'FORCE_COLOR', 'LOG_LEVEL', 'NODE_OPTIONS', 'CI'];
  const kept = Object.entries(process.env).filter(([name]) => !unset.includes(name));
  return { ...Object.fromEntries(kept), ...extra };
}

/** Starts `flotilla …` as a process of its own. */
export function startCli(
  args: readonly string[],
  { cwd, env = {} }: Pick<CliOptions, 'cwd' | 'env'>,
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [launcher, ...args], { cwd, env: plainEnvironment(env) });
}

/** Runs `flotilla …` to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  const child = startCli(args, options);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(options.input ?? '');
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject);
  child.once('close', ended.resolve);
  return { code: await ended.promise, stdout, stderr };
}
