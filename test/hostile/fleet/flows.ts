import { type LoadedFlow, loadFlow } from '../../../shared/flow/load.ts';

const text = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } };

const flow = (name: string, parts: object): LoadedFlow =>
  loadFlow(
    JSON.stringify({ flow: name, version: 1, description: 'For tests.', input: text, ...parts }),
    `${name}.json`,
  );
const once = { retry: { attempts: 1 } };

/** What the hostile jobs ask for. */
export const flows: readonly LoadedFlow[] = [
  flow('hostile', {
    do: [{ step: 'answer', model: 'parrot', input: { text: 'payload.text' }, ...once }],
    output: { text: 'context.answer.text' },
  }),
  flow('orders', {
    do: [
      { step: 'label', model: 'labeller', input: { text: 'payload.text' }, ...once },
      {
        route: [
          { when: 'context.label.label == "admin"', do: [{ step: 'admin', model: 'admin' }] },
          { do: [{ step: 'safe', model: 'parrot', input: { text: 'context.label.note' } }] },
        ],
      },
    ],
  }),
  flow('picture', {
    input: { type: 'object', required: ['image'] },
    do: [{ step: 'seen', model: 'image-describer', ...once }],
    output: { text: 'context.seen.description' },
  }),
  flow('nonsense', { do: [{ step: 'answer', model: 'babbler', ...once }] }),
  flow('undecided', {
    do: [
      { step: 'verdict', model: 'judge', ...once },
      {
        route: [
          { when: 'context.verdict.label == "admin"', do: [{ step: 'admin', model: 'admin' }] },
          {
            when: 'context.verdict.label == "scored" && context.verdict.score > 0.5',
            do: [{ step: 'admin', model: 'admin' }],
          },
        ],
      },
    ],
  }),
  flow('endless', {
    do: [
      {
        refine: 'better',
        draft: { model: 'parrot', input: { text: 'payload.text' } },
        critic: { model: 'critic', input: { text: 'context.draft.text' } },
        improve: { model: 'parrot', input: { text: 'context.draft.text' } },
        score: 'context.critic.score',
        until: 'context.critic.score >= 0.9',
        maxRounds: 3,
      },
    ],
    output: { rounds: 'context.better.$rounds' },
  }),
];
