import { durationMs } from '../../../shared/flow/duration.ts';
import { UsageError } from '../usage-error.ts';

/** `500ms`, `30s`, `5m`, `1h` in milliseconds. Throws UsageError. */
export function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) {
    throw new UsageError(
      'bad_duration',
      `"${text}" is no duration: write a whole number with ms, s, m or h, such as 30s or 5m.`,
    );
  }
  return ms;
}
