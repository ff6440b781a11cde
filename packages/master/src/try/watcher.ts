/**
 * Sees files that appear in `new/`: inotify through `fs.watch` for speed, a scan every few seconds for safety, because
 * watches are lost on some file systems and under load.
 */
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@buildbot/shared';
import type { TryIntake } from '../ports/control.ts';
import type { Clock, Logger, Service } from '../ports/service.ts';
import type { TryDirectory } from '../ports/try-directory.ts';

const SCAN_INTERVAL_MS = 5_000;

/** An upload that nobody has added to for so long has no writer any more: its process was killed, or its machine. */
const IDLE_UPLOAD_MS = 60 * 60_000;

export interface TryWatcherOptions {
  name: string;
  directory: TryDirectory;
  clock: Clock;
  intake: TryIntake;
  logger: Logger;
}

export class TryWatcher implements Service {
  readonly name: string;
  readonly #options: TryWatcherOptions;
  #watch: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** The scan under way; `#again` when something came meanwhile. */
  #scan: Promise<void> | null = null;
  #again = false;

  constructor(options: TryWatcherOptions) {
    this.name = `try watcher ${options.name}`;
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#wake(), SCAN_INTERVAL_MS);
    this.#watch = watch(join(this.#options.directory.path, 'new'), () => this.#wake());
    this.#watch.on('error', (error) =>
      this.#options.logger.warn({ err: error }, 'the watch on the try directory failed'),
    );
    this.#wake();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#watch?.close();
    this.#timer = null;
    this.#watch = null;
    await this.#scan;
  }

  #wake(): void {
    if (this.#scan !== null) {
      this.#again = true;
      return;
    }
    this.#scan = this.#round().finally(() => {
      this.#scan = null;
      if (this.#again && this.#timer !== null) this.#wake();
    });
  }

  /** Take in everything that is there. One bad file never stops the others. */
  async #round(): Promise<void> {
    this.#again = false;
    const { directory, intake, logger, clock } = this.#options;
    try {
      const dropped = await directory.dropUploads(clock.now() - IDLE_UPLOAD_MS);
      if (dropped.length > 0) logger.info({ dropped }, 'uploads that broke off were removed');
      for (const file of await directory.list()) {
        const verdict = await intake
          .take(file)
          .catch((error: unknown) => ({ status: 'error', reason: messageOf(error) }));
        logger.info({ file, verdict }, 'try job seen');
      }
    } catch (error) {
      logger.error({ err: error }, 'the try directory cannot be read');
    }
  }
}
