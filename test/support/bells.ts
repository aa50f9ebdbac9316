import type { World } from '../../src/actions/World.js';

/** The same world with its bells torn out: what is written in it, nobody is told of. */
export const withoutBells = (world: World): World => ({
  ...world,
  bells: { ring: () => {}, hear: () => () => {} },
});
