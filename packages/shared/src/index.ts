/** What `@buildbot/shared` offers. Each room is documented in its own files. */

export * from './errors.ts';
