/**
 * The program that ends what a killed worker left behind: `node sweep.js BASEDIR GUARD GROUP`. It loads nothing but what looks
 * for processes. A new process of the same worker does the same work at its start; from then on this one keeps its hands
 * off what it knows only by marks, for it could not tell the new commands from the old. GROUP, the folder of the killed
 * process's control groups, holds old ones alone; it is empty where there are none.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { groupMembers, killGroup } from './control-group.ts';
import { endTree } from './end-tree.ts';
import { leftoversIn, linux } from './linux.ts';
import { Marks } from './mark.ts';

const GRACE_MS = 5000;
/** A command that was about to begin when the worker was killed carries its marks by now. */
const SECOND_LOOK_MS = 500;

const [basedir = '', guard = '', group = ''] = process.argv.slice(2);
const { worker } = new Marks(basedir);
const folders = group === '' ? [] : [group];

/** The folder of the guard is made anew, without it, by the next process of the worker, before that begins any command. */
function isRelieved(): boolean {
  return existsSync(dirname(guard)) && !existsSync(guard);
}

const leftovers = leftoversIn(folders, worker);
const processes = {
  /** In this order: what was found before nobody had relieved us cannot be a command of the new process. */
  members(): number[] {
    const found = leftovers.members();
    return isRelieved() ? folders.flatMap(groupMembers) : found;
  },
  kill(): void {
    folders.forEach(killGroup);
    linux.signal(this.members(), 'SIGKILL');
  },
};

const sweep = () => endTree({ platform: linux, clock: systemClock, processes, graceMs: GRACE_MS });

await sweep();
await delay(SECOND_LOOK_MS);
await sweep();
leftovers.forget();
