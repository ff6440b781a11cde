#!/usr/bin/env node
// Checks the Node it runs under before anything is loaded that would fail on an old one in its own words, and starts
// what was asked for: `tryserver` is on every try's path and needs nothing of the rest.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `buildbot needs Node 22.18 or newer; this is ${process.versions.node}. Install a newer Node and try again.\n`,
  );
  process.exitCode = 2;
} else {
  // React looks at this when it is loaded: without it a screen costs twice the time.
  process.env.NODE_ENV = 'production';
  const [name, ...rest] = process.argv.slice(2);
  if (name === 'tryserver') {
    const { runTryserver } = await import('../dist/bundle/tryserver.js');
    await runTryserver(rest);
  } else {
    const { main } = await import('../dist/bundle/main.js');
    const code = await main(process.argv.slice(2), new URL('../', import.meta.url));
    process.exitCode = process.exitCode ?? code;
  }
}
