import type { Command } from 'commander';
import type { Terminal } from '../terminal/terminal.ts';
import { addDeadDrop } from './dead-drop.ts';
import { addDeadEdit } from './dead-edit.ts';
import { addDeadLs } from './dead-ls.ts';
import { addDeadReplay } from './dead-replay.ts';
import { addDeadShow } from './dead-show.ts';

/** `flotilla dead`: what could not be done, to be put right. */
export function addDead(program: Command, terminal: Terminal): void {
  const dead = program
    .command('dead')
    .summary('list, show, edit, replay and drop dead letters')
    .description(
      'Dead letters: steps that were tried in vain, and messages that nobody could read. A letter ' +
        'of a step can be replayed: its run goes on from there.',
    )
    .addHelpText(
      'after',
      `
Examples:
  flotilla dead ls --group
  flotilla dead replay --code provider_error --rate 30
  flotilla dead drop --model sentiment`,
    );
  for (const add of [addDeadLs, addDeadShow, addDeadEdit, addDeadReplay, addDeadDrop]) {
    add(dead, terminal);
  }
}
