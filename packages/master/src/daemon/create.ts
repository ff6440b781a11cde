/** `buildbot-master create`: a base directory with a commented configuration that runs as it is. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@buildbot/shared/errors';

function template(password: string): string {
  return `# Configuration of this master. Check it with: buildbot-master checkconfig BASEDIR
title: My project

# Where it listens. The API is always on BASEDIR/master.sock; here over TCP it is open to this machine only.
listen:
  api: 127.0.0.1:8010
  workers: 127.0.0.1:9989

# Machines that run builds. On such a machine:
#   buildbot-worker create DIR --master ws://THIS-HOST:9989 --name w1 --password-file FILE
workers:
  - { name: w1, password: ${password}, maxBuilds: 2, tags: [linux] }

# What can be built. Put the logic into the project's own Makefile or scripts; keep the recipe short.
builders:
  - name: linux
    workers: [w1]                     # names, or { tags: [linux] }
    steps:
      # - { type: git, repository: /srv/project.git, branch: main, mode: full, method: fresh }
      - { type: shell, name: test, command: [echo, hello], timeout: 20m }

# Who may ask. "try" takes developers' patches from the try directory; whoever may write it may build.
# A key of a developer needs one line in authorized_keys of the account that owns the directory:
#   restrict,command="buildbot tryserver --jobdir BASEDIR/try --user alice" ssh-ed25519 AAAA... alice@laptop
schedulers:
  - { type: try, name: try, builders: [linux], jobdir: try }
  - { type: force, name: force, builders: [linux] }

# Who may do what over TCP: see docs/security.md. Without rules: everybody reads, and nobody changes anything but their own
# builds, with a token (buildbot-master token add BASEDIR) or a login.
# access:
#   read: users
#   roles: { admins: [alice] }
#   rules:
#     - { allow: ['*'], to: [admins] }
`;
}

/** Make `basedir` with its folders and `master.yaml`; a `UserError` when there is a master already. */
export async function createBasedir(basedir: string): Promise<void> {
  await mkdir(basedir, { recursive: true });
  try {
    const text = template(randomBytes(12).toString('base64url'));
    // The file holds passwords: for the owner only.
    await writeFile(join(basedir, 'master.yaml'), text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UserError(`${basedir} has a master.yaml already`, { hint: 'it was left as it is' });
  }
  await mkdir(join(basedir, 'try'), { recursive: true });
}
