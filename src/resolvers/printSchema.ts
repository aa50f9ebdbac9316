import { lexicographicSortSchema, printSchema as print } from 'graphql';
import { buildSchema } from './buildSchema.js';

/** The schema as SDL, sorted, so that the committed file changes only where the API does. */
export const printSchema = () => `${print(lexicographicSortSchema(buildSchema()))}\n`;
