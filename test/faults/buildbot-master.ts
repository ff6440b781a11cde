/** `buildbot-master` from source: `node -C source buildbot-master.ts run BASEDIR`. */
import { fileURLToPath } from 'node:url';
import { runBin } from '../../packages/master/src/daemon/bin.ts';

await runBin(fileURLToPath(import.meta.url));
