import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadFlowFiles } from '../../../shared/flow/load-folder.ts';
import type { FlowFileCase } from '../corpus/case.ts';

/** Loads a flow file as a coordinator does, and answers the code of its first problem. */
export function loadHostile({ file }: FlowFileCase, folder: string): string {
  const path = join(folder, 'f.yaml');
  writeFileSync(path, file);
  const { problems } = loadFlowFiles([path]);
  return problems[0]?.code ?? 'succeeded';
}
