import { expect, it } from 'vitest';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { toMermaid } from '../../../shared/flow/mermaid.ts';
import { flowOf } from '../../support/flow-text.ts';

it('a chain with a route is drawn node by node', () => {
  const { definition } = flowOf(
    '- { step: a, model: m }\n- route:\n    - when: context.a.label == "x"\n      do: [{ step: b, model: n }]\n    - do: [{ fail: not_x }]',
  );
  expect(toMermaid(definition)).toBe(`---
title: "sample v1"
---
flowchart TD
  n1(["payload"])
  n2["a<br/>m"]
  n1 --> n2
  n3{"route"}
  n2 --> n3
  n4["b<br/>n"]
  n3 -->|"context.a.label == #quot;x#quot;"| n4
  n5((("fail: not_x")))
  n3 -->|"else"| n5
  n6(["result"])
  n4 --> n6
`);
});

it('the ladder of a call, a wait and a budget are drawn', () => {
  const { definition } = flowOf(
    '- { step: a, model: m, fallback: [n, { model: o@2 }], onOpen: { stale: 5m }, onFailure: { stale: 24h, default: {} } }\n- { wait: go, within: 90s }\n- cascade: c\n  models: [x, { model: y, fallback: z }]\n  accept: "true"\n  onFailure: { default: {} }',
    'budget: { calls: 20, usd: 0.05, onExceeded: { model: cheap } }\n',
  );
  const lines = toMermaid(definition).split('\n');
  expect(lines).toContain('  n1(["payload<br/>at most 20 calls, 0.05 USD, then ask cheap"])');
  expect(lines).toContain(
    '  n2["a<br/>m<br/>else n<br/>else o@2<br/>while not called: an answer of the last 5m<br/>else an answer of the last 24h, else a default"]',
  );
  expect(lines).toContain('  n3[\\"wait go<br/>at most 90s"/]');
  expect(lines).toContain('    n5["x<br/>else a default"]');
  expect(lines).toContain('    n7["y<br/>else z<br/>else a default"]');
});

it('every shipped flow is drawn with balanced groups and no raw quotes in labels', () => {
  for (const { definition } of loadFlowFolder('infra/flows')) {
    const picture = toMermaid(definition);
    const lines = picture.split('\n').map((line) => line.trim());
    expect(lines.filter((line) => line === 'end')).toHaveLength(
      lines.filter((line) => line.startsWith('subgraph')).length,
    );
    const drawn = new Set(lines.flatMap((line) => /^(n\d+)[^ ]/.exec(line)?.[1] ?? []));
    for (const arrow of lines.filter((line) => line.includes(' -->'))) {
      const [, from, to] = /^(n\d+) -->(?:\|"[^"]*"\|)? (n\d+)$/.exec(arrow) ?? [];
      expect([arrow, drawn.has(from ?? ''), drawn.has(to ?? '')]).toEqual([arrow, true, true]);
    }
  }
});
