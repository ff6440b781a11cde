/** `buildbot-worker` from source: `node -C source buildbot-worker.ts run BASEDIR`. */
import { fileURLToPath } from 'node:url';
import { runBin } from '../../packages/worker/src/daemon/bin.ts';

await runBin(fileURLToPath(import.meta.url));
