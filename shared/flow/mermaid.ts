import type {
  CascadeDefinition,
  FlowDefinition,
  JoinDefinition,
  MapDefinition,
  ModelCall,
  NodeDefinition,
  ParallelDefinition,
  RefineDefinition,
  RouteDefinition,
  WaitDefinition,
} from './definition.ts';
import { writtenDuration } from './duration.ts';
import { MermaidDrawing } from './mermaid-drawing.ts';
import { budgetText, ladderOf } from './policy-text.ts';

/** Ends that wait for the next node: where an arrow starts, and what is written on it. */
type Ends = readonly { readonly from: string; readonly label?: string }[];

/** The flow as a Mermaid flowchart. */
export function toMermaid(flow: FlowDefinition): string {
  const drawing = new MermaidDrawing(`${flow.flow} v${flow.version}`);
  const budget = flow.budget === undefined ? [] : [budgetText(flow.budget)];
  const start = drawing.node('round', 'payload', ...budget);
  const ends = drawList(flow.do, [{ from: start }], drawing);
  drawing.connect(ends, drawing.node('round', 'result'));
  return drawing.toString();
}

function drawList(nodes: readonly NodeDefinition[], ends: Ends, drawing: MermaidDrawing): Ends {
  return nodes.reduce((before, node) => drawNode(node, before, drawing), ends);
}

function drawNode(node: NodeDefinition, ends: Ends, drawing: MermaidDrawing): Ends {
  if ('step' in node) return drawCall(node.step, node, ends, drawing);
  if ('parallel' in node) return drawParallel(node, ends, drawing);
  if ('route' in node) return drawRoute(node, ends, drawing);
  if ('refine' in node) return drawRefine(node, ends, drawing);
  if ('cascade' in node) return drawCascade(node, ends, drawing);
  if ('map' in node) return drawMap(node, ends, drawing);
  if ('set' in node) return drawOne('slanted', [`set ${node.set}`], ends, drawing);
  if ('flow' in node) return drawOne('double', [node.flow, `flow ${node.of}`], ends, drawing);
  if ('wait' in node) return drawWait(node, ends, drawing);
  drawing.connect(ends, drawing.node('stop', `fail: ${node.fail}`));
  return [];
}

type Shape = Parameters<MermaidDrawing['node']>[0];

function drawOne(
  shape: Shape,
  lines: readonly string[],
  ends: Ends,
  drawing: MermaidDrawing,
): Ends {
  const id = drawing.node(shape, ...lines);
  drawing.connect(ends, id);
  return [{ from: id }];
}

function drawCall(name: string, call: ModelCall, ends: Ends, drawing: MermaidDrawing): Ends {
  return drawOne('box', [name, call.model, ...ladderOf(call)], ends, drawing);
}

function drawWait({ wait, within }: WaitDefinition, ends: Ends, drawing: MermaidDrawing): Ends {
  const longest = within === undefined ? [] : [`at most ${writtenDuration(within)}`];
  return drawOne('hand', [`wait ${wait}`, ...longest], ends, drawing);
}

function drawRoute({ route }: RouteDefinition, ends: Ends, drawing: MermaidDrawing): Ends {
  const choice = drawing.node('diamond', 'route');
  drawing.connect(ends, choice);
  const out = route.flatMap(({ when, do: nodes }) =>
    drawList(nodes, [{ from: choice, label: when ?? 'else' }], drawing),
  );
  if (route.some(({ when }) => when === undefined)) return out;
  drawing.connect([{ from: choice, label: 'else' }], drawing.node('stop', 'fail: no_route'));
  return out;
}

function drawParallel(node: ParallelDefinition, ends: Ends, drawing: MermaidDrawing): Ends {
  const fork = drawing.node('small', node.parallel);
  drawing.connect(ends, fork);
  const out = drawing.group(`parallel ${node.parallel}`, () =>
    node.branches.flatMap((branch) =>
      drawList(
        'step' in branch ? [branch] : branch.do,
        [{ from: fork, label: 'step' in branch ? '' : branch.branch }],
        drawing,
      ),
    ),
  );
  const merge = typeof node.merge === 'string' ? node.merge : 'judge';
  const joined = drawOne(
    'hexagon',
    [`join ${joinText(node.join)}`, `merge ${merge}`],
    out,
    drawing,
  );
  if (typeof node.merge === 'string') return joined;
  return drawCall(node.merge.step, node.merge, joined, drawing);
}

function drawRefine(node: RefineDefinition, ends: Ends, drawing: MermaidDrawing): Ends {
  return drawing.group(`refine ${node.refine}, at most ${node.maxRounds} rounds`, () => {
    const draft = drawCall('draft', node.draft, ends, drawing);
    const critic = drawing.node('box', 'critic', node.critic.model, ...ladderOf(node.critic));
    drawing.connect(draft, critic);
    const good = drawing.node('diamond', node.until ?? 'rounds spent?');
    drawing.connect([{ from: critic }], good);
    const again = [{ from: good, label: 'not yet' }];
    const improve = drawCall('improve', node.improve, again, drawing);
    drawing.connect(improve, critic);
    return drawOne(
      'box',
      [node.refine, node.score === undefined ? 'the last draft' : 'the best draft'],
      [{ from: good, label: 'done' }],
      drawing,
    );
  });
}

function drawCascade(node: CascadeDefinition, ends: Ends, drawing: MermaidDrawing): Ends {
  return drawing.group(`cascade ${node.cascade}`, () => {
    const accepted: { readonly from: string; readonly label?: string }[] = [];
    let before = ends;
    for (const tier of node.models) {
      const written = typeof tier === 'string' ? { model: tier } : tier;
      const lines = [written.model, ...ladderOf({ ...node, ...written })];
      const answer = drawOne('box', lines, before, drawing);
      const choice = drawing.node('diamond', node.accept);
      drawing.connect(answer, choice);
      accepted.push({ from: choice, label: 'accepted' });
      before = [{ from: choice, label: 'not accepted' }];
    }
    if (node.otherwise === 'fail') {
      drawing.connect(before, drawing.node('stop', 'fail: not_accepted'));
      return accepted;
    }
    return [...accepted, ...drawOne('small', [`the ${node.otherwise} answer`], before, drawing)];
  });
}

function drawMap(node: MapDefinition, ends: Ends, drawing: MermaidDrawing): Ends {
  const each = drawing.node('small', `each ${node.as} of ${node.over}`);
  drawing.connect(ends, each);
  const out = drawing.group(`map ${node.map}, ${node.concurrency} at a time`, () =>
    drawList(Array.isArray(node.do) ? node.do : [node.do], [{ from: each }], drawing),
  );
  return drawOne('hexagon', [`join ${joinText(node.join)}`, 'collect'], out, drawing);
}

function joinText(join: JoinDefinition): string {
  if (typeof join === 'string') return join;
  const need = join.need === undefined ? 'all' : String(join.need);
  return join.within === undefined ? need : `${need} within ${writtenDuration(join.within)}`;
}
