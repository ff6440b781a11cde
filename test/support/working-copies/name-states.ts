/** Names that are hard on quoting, matching or file systems. */

import { clonedScene, type Scene } from './scene.ts';
import { on, refused, same, type WorkingCopyState } from './state.ts';

const cloned = (edit: (scene: Scene) => void) => on(clonedScene, edit);

/** Writes each name, commits and pushes, then edits: so every name occurs as a new and as a changed file. */
function named(...names: readonly (string | Buffer)[]): (dir: string) => void {
  return cloned((scene) => {
    const half = Math.ceil(names.length / 2);
    for (const name of names.slice(0, half)) scene.write(name, 'first\nsecond\nthird\n');
    scene.commit('names');
    scene.git('push', '-q');
    for (const name of names) scene.write(name, 'first\nSECOND\nthird\n');
  });
}

export const nameStates: readonly WorkingCopyState[] = [
  same('spaces in names', named('a file.txt', ' leading', 'trailing ', 'a b/c d.txt', 'x b/x', 'new name ')),
  same('quotes and backslashes in names', named('"quoted"', "it's", 'back\\slash', '"', '`x`$(y)')),
  same('a name that is absolute on Windows', named('\\\\server', 'plain'), { masterRefuses: /is absolute/ }),
  same(
    'line breaks, tabs and escapes in names',
    named('a\nb', 'tab\there', '\u001b[31mred', '\r', 'bell\u0007', '\n'),
  ),
  same('names that look like options', named('-x', '--force', '-', '--', '-rf *', '--output=x')),
  same(
    'names that look like pathspecs and patterns',
    named(':(top)x', '*.c', ':!src', 'a[b]c', '?', '!important', '#c'),
  ),
  same(
    'names with umlauts, composed and decomposed',
    named('\u00e4.txt', 'a\u0308.txt', '日本語', '🙂', '\u202egpj.exe'),
  ),
  same(
    'names that are not UTF-8',
    named(Buffer.from('caf\xe9', 'latin1'), Buffer.from([0xff, 0xfe, 0x80]), 'plain'),
  ),
  same('names that differ in case only', named('Readme', 'README', 'readme', 'src/MAIN.c', 'SRC/main.c')),
  same('names of 255 bytes', named('n'.repeat(255), `${'d'.repeat(200)}/${'e'.repeat(200)}`)),
  same(
    'names that git uses itself',
    named('HEAD', 'refs/heads/main', 'dev/null', 'a/dev/null', 'b/README.md'),
  ),
  same(
    'a renamed file with an odd name',
    cloned((s) => s.move('src/main.c', 'src/"ma\tin"\n.c')),
  ),
  refused(
    'a name that git will not store',
    named('plain', 'git~1'),
    /git cannot take in what is there.*git~1/s,
  ),
];
