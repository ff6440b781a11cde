/** Reads what GoogleTest prints: `[ RUN      ] Net.Timeout`, its failures, `[  FAILED  ] Net.Timeout (12 ms)`. */
import { failedTest, Lines, Message, type ReportReader, type TestSink } from './report.ts';

const RUN = /^\[ RUN {6}\] (\S.*)$/;
const END = /^\[ *(OK|FAILED|SKIPPED) *\] (\S+?)(?:, where .*)? \((\d+) ms\)$/;

export function gtestReader(sink: TestSink): ReportReader {
  let running: { name: string; message: Message } | null = null;

  const lines = new Lines((line) => {
    const started = RUN.exec(line)?.[1];
    if (started !== undefined) {
      cutShort();
      running = { name: started, message: new Message() };
      return;
    }
    const end = END.exec(line);
    if (end === null) return running?.message.add(line);
    const [, word, name = '', ms] = end;
    const seconds = Number(ms) / 1000;
    if (word === 'FAILED')
      sink(failedTest(name, running?.name === name ? running.message : new Message(), seconds));
    else sink({ name, outcome: word === 'OK' ? 'passed' : 'skipped', seconds });
    running = null;
  });

  /** A test that began and did not end took the program with it. */
  function cutShort(): void {
    if (running !== null) sink(failedTest(running.name, running.message));
    running = null;
  }

  return {
    push: (text) => lines.push(text),
    end() {
      lines.end();
      cutShort();
    },
  };
}
