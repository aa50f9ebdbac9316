import type { Clock } from '../clock.js';
import type { Database } from '../database/Database.js';
import type { IdSource } from '../ids.js';
import type { Bells } from '../live/Bells.js';

/** What an action needs from outside itself. */
export interface World {
  database: Database;
  clock: Clock;
  ids: IdSource;
  bells: Bells;
}
