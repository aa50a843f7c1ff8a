import type { Place } from './place.ts';
import type { RunningSystem } from './running-system.ts';
import type { Scenario, ScenarioName } from './scenarios.ts';

/** Something that can be measured beside others. */
export interface System {
  /** How `--systems` names it. */
  readonly id: string;
  /** One line for people, at most 26 letters. */
  readonly name: string;
  /** Only what does the same kind of work is compared: messages over a broker, or calls in one process. */
  readonly group: 'over a broker' | 'in one process';
  /** True: the ratios of its group are to this one. */
  readonly reference?: boolean;
  /** Scenarios that it can do. Default: all. */
  readonly scenarios?: readonly ScenarioName[];
  start(place: Place, scenario: Scenario): Promise<RunningSystem>;
}
