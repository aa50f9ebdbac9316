import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint, type Linter } from 'eslint';
import { expect, test } from 'vitest';

const operations = ['test/operations/*.graphql', 'graphiql/examples/*.graphql'];
const schema = 'schema.graphql';

const configs = graphql.configs as unknown as Record<string, { rules: Linter.RulesRecord }>;
const rulesOf = (...names: string[]) => Object.assign({}, ...names.map((name) => configs[`flat/${name}`]!.rules));

/** What is a value of its parent or an envelope around things, and not a thing of its own: it has no id. */
const withoutId = {
  exceptions: {
    suffixes: ['Connection', 'Edge', 'Payload', 'Error'],
    types: [
      'Ability',
      'ConversationAbilities',
      'HumanInterval',
      'InboxUpdate',
      'ImageInfo',
      'NeedsHuman',
      'NotificationPreference',
      'PageInfo',
      'Participant',
      'SnapshotActor',
      'SnapshotEntry',
      'ConversationSnapshot',
      'TicketChange',
      'Translation',
      'TypingState',
      'Upload',
      'UploadHeader',
      'Viewer',
    ],
  },
};

const config: Linter.Config[] = [
  {
    files: ['**/*.graphql'],
    plugins: { '@graphql-eslint': graphql as unknown as ESLint.Plugin },
    languageOptions: {
      parser: graphql.parser,
      parserOptions: {
        // Two projects, since the tests and the examples give their operations the same names.
        graphQLConfig: {
          projects: Object.fromEntries(operations.map((documents) => [documents, { schema, documents }])),
        },
      },
    },
  },
  {
    files: [schema],
    rules: {
      ...rulesOf('schema-recommended', 'schema-relay'),
      '@graphql-eslint/strict-id-in-types': ['error', withoutId],
      // What a ticket keeps of its past, and of the conversation, has no id on purpose: no cache mixes it with the living.
      // Short lists that are bounded by nature are lists: the errors of a call, the people in a conversation.
      // Searches go forward only; test/schema holds all other connections to both ways.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
    },
  },
  {
    files: operations,
    rules: {
      ...rulesOf('operations-recommended'),
      // Ids are for caches. These answers are read by people, or compared as they are.
      '@graphql-eslint/require-selections': 'off',
    },
  },
];

const eslint = new ESLint({ overrideConfigFile: true, overrideConfig: config });

test.each([[schema], ...operations.map((files) => [files])])(
  'graphql-eslint has no complaint about %s',
  async (files) => {
    const results = await eslint.lintFiles(files);
    const complaints = results.flatMap(({ filePath, messages }) =>
      messages.map(({ line, ruleId, message }) => `${filePath}:${line} ${ruleId} ${message}`),
    );
    expect(complaints).toEqual([]);
  },
);
