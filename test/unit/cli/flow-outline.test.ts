import { expect, it } from 'vitest';
import { flowOutline } from '../../../services/cli/terminal/flow-outline.ts';
import { screenOf } from '../../../services/cli/terminal/screen.ts';
import { flowOf } from '../../support/flow-text.ts';

const screen = screenOf({ isTerminal: false }, { LANG: 'C.UTF-8' });

it('a flow is a tree that says what answers when a model does not', () => {
  const { definition } = flowOf(
    '- { step: a, model: m, cache: 10m, validate: { reask: 1 }, fallback: [n, { model: o@2 }], onOpen: { stale: 5m }, onFailure: { stale: 24h, default: {} } }\n- { step: b, model: m, validate: { reask: 0 } }\n- cascade: c\n  models: [x, { model: y, fallback: z }]\n  accept: output.ok\n  cache: 1m\n- { wait: go, within: 90s }\n- { wait: anyhow }',
    'budget: { calls: 20, tokens: 900, usd: 0.05, seconds: 60, onExceeded: pause }\n',
  );
  expect(flowOutline(definition, screen)).toEqual([
    '├─ a  m, answers kept for 10m, a wrong output asked again 1 time',
    '│  ├─ else n',
    '│  ├─ else o@2',
    '│  ├─ while not called: an answer of the last 5m',
    '│  └─ else an answer of the last 24h, else a default',
    '├─ b  m',
    '├─ c  cascade, until output.ok',
    '│  ├─ x  answers kept for 1m',
    '│  └─ y  answers kept for 1m',
    '│     └─ else z',
    '├─ go  wait for an answer, at most 90s',
    '├─ anyhow  wait for an answer',
    '└─ budget  at most 20 calls, 900 tokens, 0.05 USD, 60 s of calls, then pause',
  ]);
});
