import type { Output } from '../terminal/terminal.ts';
import type { Report } from './report.ts';

/** For programs: one JSON object per line, a result envelope with `type` for each run, and last the summary. */
export function jsonReport(out: Output): Report {
  return {
    begin() {},
    modelLoaded() {},
    ready() {},
    history() {},
    finished(_job, result) {
      out.print(JSON.stringify({ type: 'result', ...result }));
    },
    end({ runs, succeeded, failed, modelCalls, ms }) {
      out.print(JSON.stringify({ type: 'summary', runs, succeeded, failed, modelCalls, ms }));
    },
    close() {},
  };
}
