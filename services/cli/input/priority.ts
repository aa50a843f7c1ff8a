import { type Priority, prioritySchema } from '../../../shared/envelope/priority.ts';
import { UsageError } from '../usage-error.ts';

/** How the option is explained wherever there is one. */
export const priorityHelp = `how urgent it is: ${prioritySchema.options.join(', ')} (default: normal)`;

/** What `--priority` says, for the options of whatever it goes to. Throws UsageError. */
export function priorityOption(text: string | undefined): { readonly priority?: Priority } {
  if (text === undefined) return {};
  const { success, data } = prioritySchema.safeParse(text);
  if (success) return { priority: data };
  const words = prioritySchema.options.join(', ');
  throw new UsageError('bad_priority', `--priority must be one of ${words}, not "${text}".`);
}
