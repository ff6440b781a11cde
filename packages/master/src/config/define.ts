/** The typed way to write a configuration: `export default defineMaster({ … })` in `master.config.ts`. */
import type { MasterConfigInput } from '@buildbot/shared';

/** Gives types and completion; what it is given it gives back, to be validated at load like `master.yaml`. */
export function defineMaster(config: MasterConfigInput): MasterConfigInput {
  return config;
}
