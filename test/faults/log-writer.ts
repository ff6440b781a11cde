/** Logs each line of its standard input as the master logs, and says how many there were so far. */
import { createInterface } from 'node:readline';
import { createLogger } from '../../packages/master/src/log.ts';

const logger = createLogger();
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  logger.info({}, line);
  count += 1;
  console.log(`logged ${count}`);
}
