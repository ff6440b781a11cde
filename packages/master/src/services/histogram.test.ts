import { expect, test } from 'vitest';
import { metricsText } from '../api/metrics.ts';
import { Histogram } from './histogram.ts';

test('a histogram counts what is up to each bound, all of it, and its sum', () => {
  const histogram = new Histogram([10, 60]);
  for (const value of [1, 10, 10.5, 61, 1000]) histogram.see(value);
  expect(metricsText([histogram.metric('x_seconds', 'How long.')])).toBe(`# HELP x_seconds How long.
# TYPE x_seconds histogram
x_seconds_bucket{le="10"} 2
x_seconds_bucket{le="60"} 3
x_seconds_bucket{le="+Inf"} 5
x_seconds_sum 1082.5
x_seconds_count 5
`);
});

test('a histogram of nothing has all its bounds, at 0', () => {
  const { samples } = new Histogram([1]).metric('x', 'x');
  expect(samples.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
});
