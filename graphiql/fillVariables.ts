import type { Example } from './examples.js';
import { session } from './session.js';

type Value = string | string[];

/**
 * The example's variables with ids that the present person can see: an id that they can see stays, an empty or foreign
 * one is looked up. Answers null when there is nothing to change.
 */
export async function fillVariables(example: Example, variables: Record<string, unknown>) {
  const filled: Record<string, unknown> = {};
  for (const { variable, selection } of example.finds) {
    const present = (filled[variable] ?? variables[variable]) as Value;
    if (variable in filled || (await isVisible(present))) continue;
    const ids = idsIn(await session.ask<unknown>(`{ ${selection} }`));
    const value = Array.isArray(present) ? ids : ids[0];
    if (value?.length) filled[variable] = value;
  }
  return Object.keys(filled).length ? { ...variables, ...filled } : null;
}

async function isVisible(value: Value) {
  const id = Array.isArray(value) ? value[0] : value;
  if (!id) return false;
  const data = await session.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', { id });
  return data?.node != null;
}

function idsIn(data: unknown): string[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).flatMap(([key, value]) => (key === 'id' ? [value as string] : idsIn(value)));
}
