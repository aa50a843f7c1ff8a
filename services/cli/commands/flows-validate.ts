import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { formatProblem, type Problem } from '../../../shared/flow/problem.ts';
import { exitCode } from '../failure.ts';
import { countText } from '../terminal/duration.ts';
import type { Screen } from '../terminal/screen.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { wrap } from '../terminal/text-width.ts';
import { UsageError } from '../usage-error.ts';

/** `flotilla flows validate`: everything that is wrong with flow files, before any job finds out. */
export function addFlowsValidate(flows: Command, terminal: Terminal): void {
  flows
    .command('validate')
    .description('check flow files, against the shipped models too')
    .argument('<file...>', 'flow files, YAML or JSON')
    .option('--json', 'print one JSON object per problem')
    .action(async (files: string[], options: { readonly json?: boolean }) => {
      for (const file of files) {
        if (!existsSync(file)) throw new UsageError('file_not_found', `There is no file ${file}.`);
      }
      const problems = await problemsOf(files);
      if (problems.length > 0) process.exitCode = exitCode.failed;
      if (options.json) {
        terminal.out.print(...problems.map((problem) => JSON.stringify(problem)));
        return;
      }
      terminal.out.print(...reportLines(files, problems, terminal.out.screen));
    });
}

async function problemsOf(files: readonly string[]): Promise<readonly Problem[]> {
  const { othersOf } = await import('../input/find-flow.ts');
  const { loadFlowFiles } = await import('../../../shared/flow/load-folder.ts');
  const { modelProblems, shippedFlows } = await import('../../fleet/flows.ts');
  const { shippedManifests } = await import('../../fleet/models.ts');
  // The files first: they win over shipped flows of the same name, which they may also nest.
  const { flows, problems } = loadFlowFiles([...files, ...othersOf(shippedFlows(), files)]);
  const own = flows.filter(({ file }) => files.includes(file));
  const found = [...problems, ...modelProblems(own, await shippedManifests())];
  return found
    .filter(({ file }) => files.includes(file))
    .sort(
      (one, other) => files.indexOf(one.file) - files.indexOf(other.file) || one.line - other.line,
    );
}

function reportLines(
  files: readonly string[],
  problems: readonly Problem[],
  screen: Screen,
): string[] {
  const { palette, symbols, columns } = screen;
  const wrong = new Set(problems.map(({ file }) => file));
  const good = files
    .filter((file) => !wrong.has(file))
    .map((file) => `${palette.good(symbols.succeeded)} ${file}: no problems`);
  if (problems.length === 0) return good;
  const told = screen.live
    ? problems.flatMap((problem) => problemLines(problem, screen))
    : problems.map(formatProblem);
  const where = `in ${countText(wrong.size, 'file')}`;
  return [...good, ...told, ...wrap(`${countText(problems.length, 'problem')} ${where}`, columns)];
}

/** For a person: where, then what, in lines that fit. */
function problemLines(problem: Problem, { palette, symbols, columns }: Screen): string[] {
  const { file, line, column, path, code, message } = problem;
  return [
    `${palette.bad(symbols.failed)} ${palette.strong(`${file}:${line}:${column}`)}  ${palette.quiet(path)}`,
    ...wrap(`${message} (${code})`, columns - 3).map((text) => `  ${text}`),
    '',
  ];
}
