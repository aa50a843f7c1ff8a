import { Command } from 'commander';
import { addApiKey } from './commands/api-key.ts';
import { addCancel } from './commands/cancel.ts';
import { addDead } from './commands/dead.ts';
import { addDemo } from './commands/demo.ts';
import { addFlows } from './commands/flows.ts';
import { addFork } from './commands/fork.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addModels } from './commands/models.ts';
import { addPause } from './commands/pause.ts';
import { addRerun } from './commands/rerun.ts';
import { addResult } from './commands/result.ts';
import { addResume } from './commands/resume.ts';
import { addRun } from './commands/run.ts';
import { addRuns } from './commands/runs.ts';
import { addShow } from './commands/show.ts';
import { addSignal } from './commands/signal.ts';
import { addSubmit } from './commands/submit.ts';
import { addUp } from './commands/up.ts';
import { exitCode, failureOf } from './failure.ts';
import { processTerminal } from './terminal/terminal.ts';
import { version } from './version.ts';

/** Ends a process that something left open keeps alive; nothing should. */
const LINGER_MS = 3_000;

const terminal = processTerminal();

// `flotilla … | head` closes the pipe early: there is nobody left to write to, and nothing is wrong.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

const program = new Command('flotilla')
  .description('A fleet of AI models that talk to each other through a message queue.')
  .version(version(), '-V, --version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .helpCommand('help [command]', 'print the help of a command')
  .configureOutput({
    getOutHelpWidth: () => Math.min(80, terminal.out.screen.columns),
    getErrHelpWidth: () => Math.min(80, terminal.err.screen.columns),
    outputError: (text, write) => write(text.replace(/^error: /, 'flotilla: ')),
  })
  .showHelpAfterError('Add --help to see how it is used.')
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  flotilla demo
  flotilla run support "How do I reset my password?"
  flotilla run receipt --image receipt.png --json
  flotilla up --broker amqp://localhost coordinator sentiment=3
  flotilla flows show support

A broker can also be named by the variable AMQP_URL. LOG_LEVEL=debug shows what
happens inside.`,
  );

const work = [addDemo, addRun, addUp, addSubmit, addResult, addFlows, addModels];
const operate = [addRuns, addShow, addCancel, addResume, addRerun, addFork, addSignal, addDead];
for (const add of [...work, ...operate, addPause, addApiKey, addKeysCommand])
  add(program, terminal);

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  const failure = failureOf(error, terminal.env['LOG_LEVEL'] === 'debug');
  terminal.err.print(...failure.lines);
  process.exitCode = failure.exitCode;
  // What could be closed is closed; somebody waits for the prompt.
  if (failure.exitCode === exitCode.interrupted) process.exit();
}
setTimeout(() => process.exit(), LINGER_MS).unref();
