import { durationText } from '../terminal/duration.ts';
import { historyLine } from '../terminal/history-line.ts';
import { elapsedMs, resultLines } from '../terminal/run-lines.ts';
import type { Output } from '../terminal/terminal.ts';
import { padTo, shorten, textWidth } from '../terminal/text-width.ts';
import { closingLines, openingLines } from './closing-lines.ts';
import { nameColumnsOf } from './name-columns.ts';
import type { Report } from './report.ts';

/** For pipes and log files: one line per event, nothing drawn over. */
export function plainReport(out: Output, nowMs: () => number): Report {
  const { screen } = out;
  const sinceMs = nowMs();
  let nameColumns = 0;
  return {
    begin(opening) {
      nameColumns = nameColumnsOf(opening.jobs);
      out.print(...openingLines(opening, screen));
    },
    modelLoaded() {},
    ready(ms) {
      out.print(`models loaded in ${durationText(ms)}`);
    },
    history(job, line) {
      const text = historyLine(line, { name: job.flow, nameColumns, sinceMs }, screen);
      if (text === undefined) return;
      const room = screen.columns - textWidth(text) - 2;
      const title = line.type === 'run_accepted' ? `  ${shorten(job.title, room)}` : '';
      out.print(text + title);
    },
    finished(job, result) {
      const { status } = result.run;
      const { succeeded, failed } = screen.symbols;
      const mark = status === 'succeeded' ? succeeded : failed;
      const time = `${((nowMs() - sinceMs) / 1000).toFixed(2).padStart(6)} s  `;
      const begin = `${time}${padTo(job.flow, nameColumns)}  `;
      const indent = ' '.repeat(textWidth(begin) + 2);
      out.print(
        `${begin}${mark} ${status} in ${durationText(elapsedMs(result))}`,
        ...resultLines(result, screen.columns - indent.length, screen).map((line) => indent + line),
      );
    },
    end(summary) {
      out.print(...closingLines(summary, screen));
    },
    close() {},
  };
}
