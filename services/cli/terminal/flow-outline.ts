import { isJsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import type {
  BranchDefinition,
  FlowDefinition,
  ModelCall,
  NodeDefinition,
  StepDefinition,
  WaitDefinition,
} from '../../../shared/flow/definition.ts';
import { writtenDuration } from '../../../shared/flow/duration.ts';
import { budgetText, ladderOf } from '../../../shared/flow/policy-text.ts';
import { countText } from './duration.ts';
import type { Screen } from './screen.ts';
import { shorten } from './text-width.ts';
import { inlineValue } from './value-text.ts';
import { visibleLine } from './visible-text.ts';

interface OutlineNode {
  readonly text: string;
  /** Said more quietly behind it. */
  readonly about?: string;
  readonly children?: readonly OutlineNode[];
}

/** A flow as a tree that a person reads from top to bottom. */
export function flowOutline(flow: FlowDefinition, screen: Screen): string[] {
  const nodes = [
    ...flow.do.map(nodeOf),
    ...(flow.budget === undefined ? [] : [{ text: 'budget', about: budgetText(flow.budget) }]),
    ...(flow.output === undefined ? [] : [{ text: 'output', about: keysOf(flow.output) }]),
  ];
  return treeLines(nodes, '', screen);
}

function nodeOf(node: NodeDefinition): OutlineNode {
  if ('step' in node) return stepNode(node);
  if ('parallel' in node) {
    const judge = typeof node.merge === 'object' ? [stepNode(node.merge)] : [];
    const merge = typeof node.merge === 'object' ? 'judged' : `merge ${node.merge}`;
    return {
      text: node.parallel,
      about: `in parallel, join ${inlineValue(node.join as JsonValue)}, ${merge}`,
      children: [...node.branches.map(branchNode), ...judge],
    };
  }
  if ('route' in node) {
    const arms = node.route.map((arm) => ({
      text: arm.when === undefined ? 'otherwise' : `when ${visibleLine(arm.when)}`,
      ...(arm.do.length === 0 ? { about: 'go on' } : {}),
      children: arm.do.map(nodeOf),
    }));
    return { text: 'route', about: 'the first that holds', children: arms };
  }
  if ('refine' in node) {
    const until = node.until === undefined ? '' : `, until ${visibleLine(node.until)}`;
    const parts = ['draft', 'critic', 'improve'] as const;
    return {
      text: node.refine,
      about: `refine, at most ${node.maxRounds} rounds${until}`,
      children: parts.map((part) => callNode(part, node[part])),
    };
  }
  if ('cascade' in node) {
    return {
      text: node.cascade,
      about: `cascade, until ${visibleLine(node.accept)}`,
      children: node.models.map((tier) => {
        const written = typeof tier === 'string' ? { model: tier } : tier;
        const call = { ...node, ...written };
        return { text: written.model, about: extrasOf(call).join(', '), children: rungsOf(call) };
      }),
    };
  }
  if ('map' in node) {
    return {
      text: node.map,
      about: `for each ${node.as} of ${visibleLine(node.over)}`,
      children: Array.isArray(node.do) ? node.do.map(nodeOf) : [stepNode(node.do)],
    };
  }
  if ('set' in node) return { text: node.set, about: mappingText(node.value) };
  if ('fail' in node) return { text: 'fail', about: node.fail };
  if ('wait' in node) return waitNode(node);
  return { text: node.flow, about: `flow ${node.of}` };
}

function branchNode(branch: StepDefinition | BranchDefinition): OutlineNode {
  if ('step' in branch) return stepNode(branch);
  return { text: branch.branch, children: branch.do.map(nodeOf) };
}

function stepNode(step: StepDefinition): OutlineNode {
  return callNode(step.step, step);
}

function callNode(text: string, call: ModelCall): OutlineNode {
  return { text, about: [call.model, ...extrasOf(call)].join(', '), children: rungsOf(call) };
}

/** What helps a model before another has to. */
function extrasOf({ cache, validate }: Pick<ModelCall, 'cache' | 'validate'>): readonly string[] {
  const reask = validate?.reask ?? 0;
  return [
    ...(cache === undefined ? [] : [`answers kept for ${writtenDuration(cache)}`]),
    ...(reask === 0 ? [] : [`a wrong output asked again ${countText(reask, 'time')}`]),
  ];
}

function rungsOf(call: Parameters<typeof ladderOf>[0]): readonly OutlineNode[] {
  return ladderOf(call).map((text) => ({ text }));
}

function waitNode({ wait, within }: WaitDefinition): OutlineNode {
  const longest = within === undefined ? '' : `, at most ${writtenDuration(within)}`;
  return { text: wait, about: `wait for an answer${longest}` };
}

function keysOf(mapping: JsonValue): string {
  return typeof mapping === 'object' && mapping !== null && !Array.isArray(mapping)
    ? Object.keys(mapping).map(visibleLine).join(', ')
    : inlineValue(mapping);
}

/** A mapping as it reads in the file: an expression, or a text with values in it. */
function mappingText(mapping: JsonValue): string {
  const text = isJsonObject(mapping) ? (mapping['$text'] ?? mapping['$value']) : undefined;
  return inlineValue(text ?? mapping);
}

function treeLines(nodes: readonly OutlineNode[], indent: string, screen: Screen): string[] {
  const { symbols, palette, columns } = screen;
  return nodes.flatMap((node, index) => {
    const last = index === nodes.length - 1;
    const begin = indent + (last ? symbols.treeLast : symbols.treeItem);
    const text = shorten(node.text, columns - 1 - begin.length, symbols.ellipsis);
    const room = columns - 1 - begin.length - text.length - 2;
    const about = !node.about || room < 8 ? '' : `  ${shorten(node.about, room, symbols.ellipsis)}`;
    const below = indent + (last ? '   ' : symbols.treeLine);
    return [
      palette.quiet(begin) + text + palette.quiet(about),
      ...treeLines(node.children ?? [], below, screen),
    ];
  });
}
