import type { Command } from 'commander';
import { jsonReport } from '../demo/json-report.ts';
import { LiveReport } from '../demo/live-report.ts';
import { plainReport } from '../demo/plain-report.ts';
import { play } from '../demo/play.ts';
import type { Report } from '../demo/report.ts';
import { readSamples, sampleFolder } from '../demo/samples.ts';
import { exitCode } from '../failure.ts';
import { RunHistory } from '../input/run-history.ts';
import { type Closing, untilInterrupted } from '../interrupted.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `flotilla demo`: the whole fleet in this process, at work on the sample jobs. */
export function addDemo(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .summary('run the whole fleet in one process on sample jobs')
    .description(
      'Runs the whole fleet in one process, on a queue in memory, and shows it at work on the ' +
        'jobs of infra/samples. Nothing has to be installed.',
    )
    .option('--json', 'print one JSON object per finished run, and last a summary')
    .action(async (options: { readonly json?: boolean }) => {
      const report = reportFor(terminal, options.json === true);
      process.exitCode = await untilInterrupted((closing) => {
        closing.add(() => report.close());
        return demonstrate(terminal, report, closing);
      });
    });
}

function reportFor({ out }: Terminal, json: boolean): Report {
  if (json) return jsonReport(out);
  return out.screen.live ? new LiveReport(out, Date.now) : plainReport(out, Date.now);
}

async function demonstrate(terminal: Terminal, report: Report, closing: Closing): Promise<number> {
  const startedAtMs = performance.now();
  const { startFleet } = await import('../../fleet/fleet.ts');
  const { shippedFlows } = await import('../../fleet/flows.ts');
  const { embeddedLogger } = await import('../embedded-logger.ts');
  const { memoryStore } = await import('../../fleet/store.ts');
  const jobs = readSamples(sampleFolder);
  const flows = shippedFlows();
  const named = new Set(jobs.map((job) => job.flow));
  const serve = flows.filter(({ flow }) => named.has(flow.name));
  const models = new Set(serve.flatMap(({ flow }) => flow.mayCall.map(({ model }) => model)));
  report.begin({ models: models.size, jobs });
  const history = new RunHistory();
  const fleet = await startFleet({
    flows,
    serve,
    store: memoryStore(),
    logger: embeddedLogger(terminal.env),
    env: terminal.env,
    onModel: () => report.modelLoaded(),
    onHistory: history.heard,
  });
  closing.add(() => fleet.stop());
  report.ready(performance.now() - startedAtMs);
  const ended = await play(jobs, { fleet, history, report });
  report.end({ ...ended, ms: Math.round(performance.now() - startedAtMs) });
  return ended.failed === 0 ? exitCode.succeeded : exitCode.failed;
}
