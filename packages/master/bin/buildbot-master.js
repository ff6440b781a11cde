#!/usr/bin/env node
// The master's program. Plain JavaScript, because an old Node must be told so before anything else is loaded:
// better-sqlite3 does not fail under Node 20, it crashes.
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `buildbot-master needs Node 22.18 or newer; this is ${process.versions.node} (${process.execPath}).\n`,
  );
  process.exit(2);
}
const { runBin } = await import('../dist/daemon/bin.js');
await runBin(fileURLToPath(import.meta.url));
