/** What `@buildbot/cli` offers to its own `bin`: the entry that takes the words of a command line. */
export { main } from './main.ts';
