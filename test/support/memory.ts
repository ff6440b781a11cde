/** What processes have taken of the machine's memory, as the kernel counted it. */
import { readdir, readFile } from 'node:fs/promises';

/** Peak resident memory of a process so far, in MB (VmHWM of proc(5)); 0 for one that has ended. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024) / 1e6;
}

/** Ids of the processes whose command line holds all of these words. */
export async function processesWith(...words: string[]): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => ({ pid, line: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })),
  );
  return lines.filter(({ line }) => words.every((word) => line.includes(word))).map(({ pid }) => Number(pid));
}
