import { Annotation, END, MemorySaver, START, StateGraph } from '@langchain/langgraph';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import { runLoad } from '../../load.ts';
import { serve } from '../../process/serve.ts';
import { checkAnswer, type Scenario, type ScenarioName, scenarios } from '../../scenarios.ts';

/** The same work as a graph in one process; checkpoints go nowhere, into memory, or to the database of a URL. */
const [checkpoints, name] = process.argv.slice(2) as [string, ScenarioName];
const scenario = scenarios[name];

const State = Annotation.Root({
  n: Annotation<number>,
  numbers: Annotation<number[]>({
    reducer: (all, more) => [...all, ...more],
    default: () => [],
  }),
});

function build({ rounds }: Scenario) {
  const graph = new StateGraph(State);
  const several = rounds.some((models) => models.length > 1);
  let before: readonly string[] = [START];
  for (const models of rounds) {
    for (const model of models) {
      graph.addNode(model, async ({ n }) => (several ? { numbers: [n + 1] } : { n: n + 1 }));
      for (const each of before) graph.addEdge(each as typeof START, model as typeof END);
    }
    before = models;
  }
  if (several) {
    graph.addNode('join', async () => ({}));
    graph.addEdge(before as never, 'join' as typeof END);
    before = ['join'];
  }
  for (const each of before) graph.addEdge(each as typeof START, END);
  return graph;
}

async function checkpointer() {
  if (checkpoints === 'none') return undefined;
  if (checkpoints === 'memory') return new MemorySaver();
  const saver = PostgresSaver.fromConnString(checkpoints);
  await saver.setup();
  return saver;
}

const saver = await checkpointer();
const graph = build(scenario).compile(saver ? { checkpointer: saver } : {});

let started = 0;
async function runOne(): Promise<void> {
  const config = { configurable: { thread_id: `run-${started++}` } };
  const { n, numbers } = await graph.invoke(scenario.payload as { n: number }, config);
  checkAnswer(scenario, numbers.length > 0 ? { numbers } : { n });
}

serve({ load: ({ jobs, inFlight }) => runLoad(runOne, jobs, inFlight) });
