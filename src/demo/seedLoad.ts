// placeholder: replaced by the one who writes src/demo
import type { Database } from '../database/Database.js';
export const seedLoad = async (_: Database, __: object): Promise<void> => {};
