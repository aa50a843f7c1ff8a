import type { LetterFilter } from '../../../shared/client/verbs.ts';
import { UsageError } from '../usage-error.ts';

export interface GroupOptions {
  readonly code?: string;
  readonly model?: string;
  readonly all?: boolean;
}

/** Which letters a command is about: one by its id, or a group. Throws UsageError where it is both, or neither. */
export function lettersMeant(
  id: string | undefined,
  { code, model, all }: GroupOptions,
): { readonly id: string } | { readonly filter: Pick<LetterFilter, 'code' | 'model'> } {
  const grouped = code !== undefined || model !== undefined || all === true;
  if (id !== undefined && !grouped) return { id };
  if (id === undefined && grouped) {
    return {
      filter: {
        ...(code === undefined ? {} : { code }),
        ...(model === undefined ? {} : { model }),
      },
    };
  }
  throw new UsageError(
    'which_letters',
    'Say which letters are meant: the id of one, or a group by --code, --model or --all.',
  );
}
