import { expect, test } from 'vitest';
import { metricsAnswer, metricsText } from './metrics.ts';

test('figures travel in the text form of Prometheus, whatever names hold', () => {
  const text = metricsText([
    {
      name: 'buildbot_worker_builds',
      help: 'Two\nlines and a \\.',
      type: 'gauge',
      samples: [
        { labels: {}, value: 1 },
        { labels: { worker: 'a "b"\\\n', state: 'x' }, value: 2.5 },
      ],
    },
  ]);
  expect(text.split('\n')).toEqual([
    '# HELP buildbot_worker_builds Two\\nlines and a \\\\.',
    '# TYPE buildbot_worker_builds gauge',
    'buildbot_worker_builds 1',
    'buildbot_worker_builds{worker="a \\"b\\"\\\\\\n",state="x"} 2.5',
    '',
  ]);
});

test('an answer holds the figures of all sources, and says what it is', async () => {
  const source = (name: string) => ({
    read: async () => [{ name, help: 'x', type: 'counter' as const, samples: [{ labels: {}, value: 0 }] }],
  });
  const response = await metricsAnswer([source('a_total'), source('b_total')]);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await response.text()).toMatch(/^# HELP a_total[\s\S]*b_total 0\n$/);
});
