import { type DocumentNode, Kind, type OperationDefinitionNode, parse } from 'graphql';
import type { Identity } from './session.js';

/** How to find a value for a variable: the ids in the answer to this selection of the query root. */
interface Find {
  variable: string;
  selection: string;
}

/** An example operation, as a file in `examples/` states it. */
export interface Example {
  /** The operation's name, which is also its tab's title. */
  name: string;
  topic: string;
  /** As whom to run it, in words: "a customer or an agent". */
  as: string;
  description: string;
  query: string;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** JSON; what needs a value and has none yet is empty. */
  variables: string;
  finds: Find[];
}

const files = import.meta.glob<string>('./examples/*.graphql', { query: '?raw', import: 'default', eager: true });

/** All examples, in the order of their files' names. */
export const examples: Example[] = Object.keys(files)
  .sort()
  .map((path) => readExample(files[path] as string));

/** Whether this person is one of those as whom the example is meant to be run. */
export function suits(example: Example, identity: Identity | null): boolean {
  const { as } = example;
  if (as === 'anyone signed in') return identity !== null;
  if (as === 'nobody') return true;
  return identity !== null && WORDS[identity.role].some((word) => as.split(' or ').includes(word));
}

const WORDS: Record<Identity['role'], string[]> = {
  ADMIN: ['an admin', 'an agent'],
  AGENT: ['an agent'],
  CUSTOMER: ['a customer'],
  AI_AGENT: ['an AI agent'],
  INTEGRATION: ['an integration'],
};

/**
 * Reads a file of `examples/`: the operation, under comments that say "As WHOM: WHAT", and of which the lines that
 * begin with "Topic:" and "Find VARIABLE:" are for this page only.
 */
function readExample(source: string): Example {
  const query = source.replace(/^# (Topic|Find \w+): .+\n/gm, '').trimEnd();
  const comments = [...query.matchAll(/^# (.+)$/gm)].map(([, text]) => text).join(' ');
  const [, as, description] = comments.match(/^As (.+?): (.+)$/) ?? [];
  const topic = source.match(/^# Topic: (.+)$/m)?.[1];
  const document = parse(query);
  const operation = document.definitions.find((it) => it.kind === Kind.OPERATION_DEFINITION);
  if (!as || !description || !topic || !operation?.name) throw new Error(`An example lacks its comments:\n${source}`);
  return {
    name: operation.name.value,
    topic,
    as,
    description,
    query,
    document,
    operation,
    variables: blankVariables(operation),
    finds: [...source.matchAll(/^# Find (\w+): (.+)$/gm)].map(([, variable = '', selection = '']) => ({
      variable,
      selection,
    })),
  };
}

function blankVariables(operation: OperationDefinitionNode): string {
  const required = (operation.variableDefinitions ?? []).flatMap(({ variable, type, defaultValue }) =>
    type.kind === Kind.NON_NULL_TYPE && !defaultValue
      ? [[variable.name.value, type.type.kind === Kind.LIST_TYPE ? [] : '']]
      : [],
  );
  return required.length ? JSON.stringify(Object.fromEntries(required), null, 2) : '';
}
