/** What `@buildbot/shared` offers. Each room is documented in its own files. */

export * from './api/convert.ts';
export * from './api/events.ts';
export * from './api/query.ts';
export * from './api/resources.ts';
export * from './api/summaries.ts';
export * from './config/master.ts';
export * from './errors.ts';
export * from './estimate/estimate.ts';
export * from './model/entities.ts';
export * from './model/property.ts';
export * from './model/results.ts';
export * from './protocol/codec.ts';
export * from './protocol/command.ts';
export * from './protocol/frames.ts';
export * from './protocol/messages.ts';
export * from './protocol/version.ts';
export * from './text/duration.ts';
export * from './text/log-sanitizer.ts';
export * from './text/nearest.ts';
export * from './text/sgr.ts';
export * from './text/visible.ts';
export * from './text/width.ts';
export * from './trylink/line-reader.ts';
export * from './trylink/trylink.ts';
