import { type BudgetAmounts, readBudget } from '../../../shared/envelope/budget.ts';
import { ConfigError } from '../../../shared/errors/errors.ts';

/** How the option is explained wherever there is one. */
export const budgetHelp = 'such as usd=0.05,calls=10 (also tokens=, seconds= of model calls)';

/** What `--budget` says, for the options of whatever it goes to. Throws ConfigError `bad_budget` with all that is wrong with it. */
export function budgetOption(text: string | undefined): { readonly budget?: BudgetAmounts } {
  if (text === undefined) return {};
  const { amounts, problems } = readBudget(text);
  if (problems.length > 0) throw new ConfigError(problems, 'bad_budget');
  return { budget: amounts };
}
