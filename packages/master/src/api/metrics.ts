/** `GET /metrics`: all figures in the text form that Prometheus and its relatives read. */
import type { Metric, MetricSource, Sample } from '../ports/metrics.ts';
import { GUARDS } from './http/answer.ts';

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export async function metricsAnswer(sources: readonly MetricSource[]): Promise<Response> {
  const metrics = await Promise.all(sources.map((source) => source.read()));
  return new Response(metricsText(metrics.flat()), { headers: { ...GUARDS, 'Content-Type': TYPE } });
}

export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${escaped(help)}`,
      `# TYPE ${name} ${type}`,
      ...samples.map((sample) => `${name}${sample.suffix ?? ''}${labelsText(sample)} ${sample.value}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function labelsText({ labels }: Sample): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
