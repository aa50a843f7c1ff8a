import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { echo, MemoryBench, request } from './harness.ts';
import { type Line, recording } from './recording-logger.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

describe('log lines of a call', () => {
  it('carry run, step, attempt and model from the first on, and never a payload', async () => {
    const lines: Line[] = [];
    const model = echo({
      run(input, call) {
        call.log.info({ pages: 2 }, 'from the model');
        if (input['text'] === 'secret-1') throw new Error('failed');
        return input;
      },
    });
    await bench.worker(model, { logger: recording(lines) });
    const failing = request({ text: 'secret-1' }, { path: 'a/2/b', attempt: 3 });
    await bench.ask(failing);
    await bench.ask(request({ text: 'secret-2' }));
    const { run } = failing.step;
    const ofRun = lines.filter(({ fields }) => fields['run'] === run);
    expect(ofRun.map(({ message }) => message)).toEqual([
      'request taken',
      'from the model',
      'failed',
    ]);
    for (const { fields } of ofRun) {
      expect(fields).toMatchObject({ run, step: 'a/2/b', attempt: 3, model: 'echo' });
    }
    expect(JSON.stringify(lines)).not.toContain('secret-');
  });

  it('say that a message was parked without quoting it', async () => {
    const lines: Line[] = [];
    await bench.worker(echo(), { logger: recording(lines) });
    await bench.sendAll([request({ text: 'secret-3' }, { version: 9 })]);
    await bench.ask(request({ text: 'x' }));
    const parked = lines.find(({ message }) => message === 'request parked');
    expect(parked?.fields).toMatchObject({ code: 'not_your_route' });
    expect(JSON.stringify(lines)).not.toContain('secret-');
  });
});
