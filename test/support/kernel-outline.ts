import type { Kernel } from '../../shared/flow/kernel.ts';

/** The shape of a kernel tree: kinds and paths, no expressions. */
export function outline(node: Kernel): unknown {
  switch (node.kind) {
    case 'call':
      return `call ${node.path} ${node.model}${node.version === undefined ? '' : `@${node.version}`}${node.tolerant ? ' tolerant' : ''}`;
    case 'sequence':
      return node.items.map(outline);
    case 'choice':
      return {
        choice: node.arms.map((arm) => [arm.when?.source ?? 'else', outline(arm.body)]),
        otherwise: node.otherwise,
      };
    case 'scatter':
      return {
        scatter: node.path,
        gather: node.gather.kind,
        join: node.join,
        branches:
          node.over.kind === 'branches'
            ? Object.fromEntries(
                node.over.branches.map((branch) => [
                  branch.id,
                  [outline(branch.body), branch.output, branch.patchKey],
                ]),
              )
            : [outline(node.over.branch.body), node.over.branch.output, node.over.branch.patchKey],
      };
    case 'pick':
      return `pick ${node.path} ${node.choose} of ${node.candidates.map((each) => each.output + (each.score ? ` by ${each.score}` : '')).join(', ')} ${node.countFact}`;
    default:
      return `${node.kind} ${node.path}`;
  }
}
