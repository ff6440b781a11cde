import { expect, it } from 'vitest';
import { RESOURCE_TYPES } from '../resources.ts';

it('tells every kind of field by its schema', () => {
  const { builds, builders, buildrequests, workers, logs } = RESOURCE_TYPES;
  expect(builds.fields.get('results')).toBe('integer');
  expect(builds.fields.get('complete_at')).toBe('integer');
  expect(builds.fields.get('complete')).toBe('boolean');
  expect(builds.fields.get('state_string')).toBe('string');
  expect(builds.fields.get('properties')).toBe('nested');
  expect(builders.fields.get('masterids')).toBe('integers');
  expect(builders.fields.get('tags')).toBe('strings');
  expect(buildrequests.fields.get('results')).toBe('integer');
  expect(workers.fields.get('configured_on')).toBe('nested');
  expect(workers.fields.get('workerinfo')).toBe('nested');
  expect(logs.fields.get('type')).toBe('string');
});
