import { describe, expect, it } from 'vitest';
import { LiveArea } from '../../../services/cli/terminal/live-area.ts';

function recorder(columns = 80, rows = 24) {
  const written: string[] = [];
  return { columns, rows, written, write: (text: string) => written.push(text) };
}

const esc = '\u001b';

describe('the live area', () => {
  it('replaces its lines and keeps what is printed above them', () => {
    const stream = recorder();
    const area = new LiveArea(stream);
    area.draw(['one', 'two']);
    area.draw(['three'], ['printed']);
    expect(stream.written[1]).toBe(`\r${esc}[2A${esc}[0Jprinted\nthree\n`);
  });

  it('hides the cursor while it draws and gives it back once', () => {
    const stream = recorder();
    const area = new LiveArea(stream);
    area.draw(['one']);
    area.close(['end']);
    area.close();
    expect(stream.written[0]?.startsWith(`${esc}[?25l`)).toBe(true);
    expect(stream.written[1]).toBe(`\r${esc}[1A${esc}[0Jend\n${esc}[?25h`);
    expect(stream.written[2]).toBe('');
  });

  it('erases the rows that wrapped lines take on a terminal that became narrower', () => {
    const stream = recorder(80);
    const area = new LiveArea(stream);
    area.draw(['x'.repeat(70)]);
    stream.columns = 40;
    area.draw(['y']);
    expect(stream.written[1]).toContain(`${esc}[2A`);
  });

  it('never draws more than the terminal is high', () => {
    const stream = recorder(80, 4);
    new LiveArea(stream).draw(['1', '2', '3', '4', '5']);
    expect(stream.written[0]).toBe(`${esc}[?25l1\n2\n  and 3 more\n`);
  });
});
