/**
 * `npm run test:bugs [-- words of a bug's name]`: breaks a copy of the project, one bug at a time, and shows which test catches
 * it. A test counts only if it is green without the bug. Ends with 1 when a bug is not caught.
 */
import { runTests, type TestRun } from './run-tests.ts';
import { type SeededBug, seededBugs } from './seeded-bugs.ts';
import { TreeCopy } from './tree-copy.ts';

const [words = ''] = process.argv.slice(2);
const bugs = seededBugs.filter(({ name }) => name.includes(words));
const copy = await TreeCopy.make();
let caught = 0;
try {
  for (const bug of bugs) if (await isCaught(bug)) caught += 1;
} finally {
  await copy.remove();
}
console.log(`${caught} of ${bugs.length} seeded bugs are caught.`);
process.exitCode = caught === bugs.length && caught > 0 ? 0 : 1;

async function isCaught(bug: SeededBug): Promise<boolean> {
  const sound = await runTests(copy.folder, bug.test, bug.named);
  if (sound.failed.length > 0 || sound.passed === 0) {
    tell(bug, 'its test is not green without it', sound);
    return false;
  }
  const broken = await copy.with(bug, () => runTests(copy.folder, bug.test, bug.named));
  const [first] = broken.failed;
  if (first === undefined) {
    tell(bug, 'not caught', broken);
    return false;
  }
  const layer = bug.test.split('/')[1];
  console.log(`caught  ${bug.name}\n        ${layer}: ${first}`);
  return true;
}

function tell({ name, test }: SeededBug, fault: string, { failed, output }: TestRun): void {
  console.log(`MISSED  ${name}\n        ${test}: ${fault}`, failed, output.slice(-2_000));
}
