import { expect, test } from 'vitest';
import { gitEnvironment, withoutRepository } from './environment.ts';

test('variables that say where the repository is are kept, those that change answers are not', () => {
  const env = gitEnvironment({
    HOME: '/home/dev',
    LC_ALL: 'de_DE.UTF-8',
    GIT_DIR: '/x.git',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_EXTERNAL_DIFF: 'differ',
    GIT_TRACE: '1',
    GIT_ICASE_PATHSPECS: '1',
    UNSET: undefined,
  });
  expect(env).toMatchObject({
    HOME: '/home/dev',
    GIT_DIR: '/x.git',
    GIT_CONFIG_KEY_0: 'safe.directory',
    LC_ALL: 'C',
  });
  for (const name of ['GIT_EXTERNAL_DIFF', 'GIT_TRACE', 'GIT_ICASE_PATHSPECS', 'UNSET'])
    expect(env).not.toHaveProperty(name);
});

test('nothing names a repository on the way into another one', () => {
  const env = withoutRepository(
    gitEnvironment({ PATH: '/bin', GIT_DIR: '/x.git', GIT_INDEX_FILE: 'i', GIT_WORK_TREE: '/x' }),
  );
  expect(Object.keys(env).sort()).toEqual([
    'GIT_NO_REPLACE_OBJECTS',
    'GIT_OPTIONAL_LOCKS',
    'GIT_TERMINAL_PROMPT',
    'LANGUAGE',
    'LC_ALL',
    'PATH',
  ]);
});
