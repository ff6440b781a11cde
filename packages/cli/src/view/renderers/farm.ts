/** News of the farm as lines of text and as NDJSON, in the words of a try where a try has them. */

import { FARM_EVENT_SCHEMA } from '@buildbot/shared';
import type { FarmChange, FarmNews } from '../farm-news.ts';
import { eventFields } from './events.ts';
import { plainLines } from './plain.ts';

/** One line without its end. */
export function farmEventLine(news: FarmNews): string {
  return JSON.stringify({ schema: FARM_EVENT_SCHEMA, ...eventFields(news) });
}

/** The lines that tell it, without line ends. */
export function farmNewsLines(news: FarmNews): string[] {
  return 'key' in news ? plainLines(news) : [changeLine(news)];
}

function changeLine(change: FarmChange): string {
  switch (change.type) {
    case 'worker_connected':
      return `… worker ${change.worker} connected`;
    case 'worker_disconnected':
      return `… worker ${change.worker} disconnected`;
    case 'worker_suspect':
      return `‼ worker ${change.worker} host down: ${change.reason}`;
    case 'worker_trusted':
      return `… worker ${change.worker} gets builds again`;
    case 'request_waiting':
      return `⧗ ${change.builder} request ${change.requestId} waits: ${change.reason}`;
  }
}
