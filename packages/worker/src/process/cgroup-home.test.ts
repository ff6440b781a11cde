import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cgroupHomes } from './cgroup-home.ts';

const mounted = (root: string, mount: string, kind = 'cgroup2') =>
  `41 38 0:28 ${root} ${mount} rw,nosuid shared:4 - ${kind} ${kind} rw,nsdelegate\n`;

test('is the own control group, in the hierarchy of version 2', () => {
  const service = '0::/system.slice/worker.service\n';
  const v2 = mounted('/', '/sys/fs/cgroup');
  expect(cgroupHomes(mounted('/', '/sys/fs/cgroup/cpu', 'cgroup') + v2, service)).toEqual([
    { mount: '/sys/fs/cgroup', folder: '/sys/fs/cgroup/system.slice/worker.service' },
  ]);
  expect(cgroupHomes(v2, `4:memory:/elsewhere\n0::/\n`)).toEqual([
    { mount: '/sys/fs/cgroup', folder: '/sys/fs/cgroup' },
  ]);
});

test('in a container the mount shows only a part, and what is outside of it is none', () => {
  const part = mounted('/docker/17', '/sys/fs/cgroup');
  expect(cgroupHomes(part, '0::/docker/17/inner\n')).toEqual([
    { mount: '/sys/fs/cgroup', folder: '/sys/fs/cgroup/inner' },
  ]);
  expect(cgroupHomes(part, '0::/docker/171\n')).toEqual([]);
  expect(cgroupHomes(mounted('/', '/sys/fs/cgroup'), '0::/../../other\n')).toEqual([]);
});

test('there is none without the hierarchy or without a place in it', () => {
  expect(cgroupHomes(mounted('/', '/sys/fs/cgroup/cpu', 'cgroup'), '0::/\n')).toEqual([]);
  expect(cgroupHomes(mounted('/', '/sys/fs/cgroup'), '1:cpu:/\n')).toEqual([]);
});

test('of several mounts the last is the first to try, and its name may hold spaces', () => {
  const text = mounted('/', '/old') + mounted('/', '/a\\040b');
  expect(cgroupHomes(text, '0::/x\n').map(({ folder }) => folder)).toEqual(['/a b/x', '/old/x']);
});

test('no text makes the reader throw', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (one, other) => void cgroupHomes(one, `0::/${other}`)));
});
