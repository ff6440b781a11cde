#!/usr/bin/env node
// The worker's program. Plain JavaScript, because an old Node must be told so before anything else is loaded.
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `buildbot-worker needs Node 22.18 or newer; this is ${process.versions.node} (${process.execPath}).\n`,
  );
  process.exit(2);
}
const { runBin } = await import('../dist/daemon/bin.js');
await runBin(fileURLToPath(import.meta.url));
