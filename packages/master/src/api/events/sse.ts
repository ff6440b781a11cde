/** Framing of server-sent events (HTML Living Standard, section 9.2): text for one event, a comment, a bare id. */

export interface SseEvent {
  /** Event type; `message` when left out. */
  event?: string;
  /** What a client sends back as `Last-Event-ID`. */
  id?: number;
  data: unknown;
}

/** An event whose data is JSON already. JSON has no line breaks of its own, so the data is one line. */
export function sseFrame({ event, id, json }: Omit<SseEvent, 'data'> & { json: string }): string {
  const head = (event === undefined ? '' : `event: ${event}\n`) + (id === undefined ? '' : `id: ${id}\n`);
  return `${head}data: ${json}\n\n`;
}

export function sseEvent({ data, ...rest }: SseEvent): string {
  return sseFrame({ ...rest, json: JSON.stringify(data) });
}

/** Keeps the connection alive and moves the client's `Last-Event-ID` on over events that it did not ask for. */
export function sseHeartbeat(id: number): string {
  return `: still here\nid: ${id}\n\n`;
}

export const SSE_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache',
  'X-Content-Type-Options': 'nosniff',
  /** For proxies that would collect the stream before passing it on. */
  'X-Accel-Buffering': 'no',
} as const;
