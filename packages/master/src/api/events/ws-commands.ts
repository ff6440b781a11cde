/** Commands of the websocket as data (section 7 of the spec): text in, command or error answer out. Never throws. */
import * as z from 'zod';

export type WsId = string | number | null;

export type WsCommand =
  | { cmd: 'startConsuming'; id: WsId; path: string; from: number | null }
  | { cmd: 'stopConsuming'; id: WsId; path: string }
  | { cmd: 'ping'; id: WsId };

/** An answer as it travels. */
export interface WsAnswer {
  _id: WsId;
  code: number;
  msg?: string;
  error?: string;
}

const path = z.string().max(512);
const head = { _id: z.unknown().optional(), type: z.unknown().optional() };
const COMMANDS = {
  startConsuming: z.strictObject({
    ...head,
    cmd: z.literal('startConsuming'),
    path,
    from: z.number().int().min(0).nullish(),
  }),
  stopConsuming: z.strictObject({ ...head, cmd: z.literal('stopConsuming'), path }),
  ping: z.strictObject({ ...head, cmd: z.literal('ping') }),
} as const;

export function wsOk(id: WsId, msg = 'OK'): WsAnswer {
  return { _id: id, code: 200, msg };
}

export function wsError(id: WsId, code: number, error: string): WsAnswer {
  return { _id: id, code, error };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** The argument that is missing, superfluous or of the wrong kind. */
function argumentError({ issues: [issue] }: z.ZodError): string {
  const name = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0];
  return `Invalid method argument '${String(name ?? '')}'`;
}

function isKnown(cmd: string): cmd is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, cmd);
}

/** One frame. */
export function parseWsCommand(text: string): WsCommand | WsAnswer {
  const frame = parseObject(text);
  if (frame === null) return wsError(null, 400, 'websocket frame is not a JSON object');
  const id: WsId = typeof frame._id === 'string' || typeof frame._id === 'number' ? frame._id : null;
  if (!Object.hasOwn(frame, '_id') && !Object.hasOwn(frame, 'type')) {
    return wsError(null, 400, "no '_id' or 'type' in websocket frame");
  }
  if (typeof frame.cmd !== 'string') return wsError(id, 400, "no 'cmd' in websocket frame");
  if (!isKnown(frame.cmd)) return wsError(id, 404, `no such command type '${frame.cmd.slice(0, 100)}'`);
  const parsed = COMMANDS[frame.cmd].safeParse(frame);
  if (!parsed.success) return wsError(id, 400, argumentError(parsed.error));
  const command = parsed.data;
  if (command.cmd === 'startConsuming')
    return { cmd: command.cmd, id, path: command.path, from: command.from ?? null };
  if (command.cmd === 'stopConsuming') return { cmd: command.cmd, id, path: command.path };
  return { cmd: command.cmd, id };
}
