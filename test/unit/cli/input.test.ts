import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSamples, sampleFolder } from '../../../services/cli/demo/samples.ts';
import { failureOf } from '../../../services/cli/failure.ts';
import { findFlow } from '../../../services/cli/input/find-flow.ts';
import { jobPayload } from '../../../services/cli/input/job-payload.ts';
import { RunHistory } from '../../../services/cli/input/run-history.ts';
import { InterruptedError } from '../../../services/cli/interrupted.ts';
import { flowOutline } from '../../../services/cli/terminal/flow-outline.ts';
import { screenOf } from '../../../services/cli/terminal/screen.ts';
import { textWidth } from '../../../services/cli/terminal/text-width.ts';
import { UsageError } from '../../../services/cli/usage-error.ts';
import { shippedFlows } from '../../../services/fleet/flows.ts';
import { ConfigError, FleetError } from '../../../shared/errors/errors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-input-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the payload of a job', () => {
  it('is the file, with the text over it', async () => {
    const file = join(folder, 'payload.json');
    await writeFile(file, '{"text": "old", "customer": "Ms Keller"}');
    const { payload } = await jobPayload('new', { payload: file });
    expect(payload).toEqual({ text: 'new', customer: 'Ms Keller' });
  });

  it.each([
    ['no_input', undefined, {}],
    ['text_given_twice', 'a', { text: 'b' }],
    ['file_not_found', undefined, { payload: 'nowhere.json' }],
  ])('is refused with %s', async (code, text, options) => {
    await expect(jobPayload(text, options)).rejects.toMatchObject({ code });
  });

  it.each([
    ['payload_not_json', '{'],
    ['bad_utf8', Buffer.from('{"text":"caf\xe9"}', 'latin1')],
    ['duplicate_key', '{"text":"a","text":"b"}'],
    ['payload_not_object', '[1]'],
  ])('is refused with %s', async (code, content) => {
    const file = join(folder, 'payload.json');
    await writeFile(file, content);
    await expect(jobPayload(undefined, { payload: file })).rejects.toMatchObject({ code });
  });
});

describe('the sample jobs', () => {
  it('are read with their pictures in them', () => {
    const samples = readSamples(sampleFolder);
    const receipt = samples.find((sample) => sample.flow === 'receipt');
    expect(receipt?.payload['image']).toMatch(/^data:image\/png;base64,/);
    expect(receipt?.title).toMatch(/\.png$/);
  });

  it('take no file from outside of their folder', async () => {
    const job = { flow: 'support', payload: { text: { $file: '../../etc/passwd' } } };
    await writeFile(join(folder, 'evil-1.json'), JSON.stringify(job));
    expect(() => readSamples(folder)).toThrow(/leaves the folder/);
  });
});

describe('a flow by its name', () => {
  const flows = shippedFlows();

  it('is the newest version of it', () => {
    expect(findFlow('support', flows).flow.flow.name).toBe('support');
  });

  it('or, where there is none, what was probably meant and what there is', () => {
    expect(() => findFlow('suport', flows)).toThrow(/Did you mean "support"\? There are: album, /);
  });

  it.each(flows.map((flow) => [flow.definition.flow, flow] as const))(
    'has an outline of at most 80 columns: %s',
    (_name, flow) => {
      const screen = screenOf({ isTerminal: false }, {});
      const lines = flowOutline(flow.definition, screen);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(80);
    },
  );
});

describe('the history of runs', () => {
  it('reaches who follows a run, what came before he did as well', () => {
    const history = new RunHistory();
    const heard: string[] = [];
    const row = (runId: string, type: string) => ({ runId, type, atMs: 0 });
    history.heard([row('a', 'one'), row('b', 'other')]);
    history.follow('a', (line) => heard.push(line.type));
    history.heard([row('a', 'two')]);
    expect(heard).toEqual(['one', 'two']);
  });
});

describe('what is said of an error', () => {
  it.each([
    ['wrong usage', new UsageError('no_input', 'Nothing.'), 2, 'flotilla: Nothing. (no_input)'],
    ['a failure', new FleetError('late', 'Too late.'), 1, 'flotilla: Too late. (late)'],
    [
      'a bug',
      new TypeError('x is no function'),
      1,
      'flotilla: x is no function (unexpected_error)',
    ],
    ['a wrong setting', new ConfigError(['A.', 'B.']), 2, 'flotilla: A. (config_invalid)'],
  ])('is one sentence with its code and no stack: %s', (_what, error, exitCode, line) => {
    const failure = failureOf(error, false);
    expect(failure.exitCode).toBe(exitCode);
    expect(failure.lines[0]).toBe(line);
    expect(failure.lines.join('\n')).not.toMatch(/^ +at /m);
  });

  it('has its stack where somebody debugs', () => {
    expect(failureOf(new TypeError('x'), true).lines.join('\n')).toMatch(/^ +at /m);
  });

  it('is nothing for help and for Ctrl-C', () => {
    const help = new CommanderError(0, 'commander.helpDisplayed', '');
    expect(failureOf(help, false)).toEqual({ exitCode: 0, lines: [] });
    expect(failureOf(new InterruptedError(), false)).toEqual({ exitCode: 130, lines: [] });
  });
});
