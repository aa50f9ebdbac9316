// The rooms of src/ and who may import whom. A new room, or a new arrow, is a decision: draw it in this table.

// swc parses, because TypeScript 7 has no API for tools yet. Its visitor does not know `using`, which declares like `const`.
import visitor from '@swc/core/Visitor.js';
import { getAvailableTranspilers } from 'dependency-cruiser';

if (!getAvailableTranspilers().some(({ name, available }) => name === 'swc' && available)) {
  throw new Error(
    'dependency-cruiser does not know this version of @swc/core, and would pass over every file in silence',
  );
}
const { Visitor } = visitor;
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

const below = ['config', 'errors', 'clock', 'ids', 'conversationUrl', 'links', 'html'];
const parts = ['schema', 'reads', 'actions', 'live', 'jobs', 'auth', 'entities', 'adapters', 'database'];

/** room → the rooms that it may import, besides itself. */
const mayImport = {
  main: ['app', 'server', 'demo', 'database', ...below],
  cli: ['main', 'app', 'demo', 'resolvers', 'jobs/run', ...parts, ...below],
  app: ['server', 'resolvers', 'jobs/run', 'demo', ...parts, ...below],
  server: ['app', 'auth', ...below],
  resolvers: ['schema', 'reads', 'actions', 'live', 'auth', 'entities', ...below],
  'jobs/run': ['actions', 'reads', 'live', 'jobs', 'auth', 'entities', 'adapters', 'database', ...below],
  demo: ['actions', 'live', 'auth', 'entities', 'database', ...below],
  actions: ['live', 'jobs', 'auth', 'entities', 'adapters', 'database', ...below],
  live: ['reads', 'auth', 'entities', 'database', ...below],
  reads: ['auth', 'entities', 'adapters', 'database', ...below],
  schema: ['auth', 'entities', ...below],
  auth: ['entities', 'database', ...below],
  jobs: ['entities', ...below],
  database: ['entities', ...below],
  entities: ['errors', 'clock', 'ids'],
  adapters: ['errors'],
  config: ['errors'],
  errors: [],
  clock: [],
  ids: ['clock'],
  conversationUrl: ['config'],
  links: ['config', 'conversationUrl'],
  html: [],
};

/** Where only types may be imported: the thing itself is made in app.ts and handed in. */
const typesOnly = {
  server: ['app'],
  actions: ['adapters', 'database'],
  reads: ['adapters'],
  'jobs/run': ['adapters', 'database', 'live'],
};

/** room → where the line belongs that would import it and may not. */
const instead = {
  main: 'main.ts starts the process and is imported by nobody but the command line.',
  cli: 'cli.ts is the command line and is imported by nobody.',
  app: 'app.ts puts the parts together and hands them down: take what you need as a parameter.',
  server: 'the doors know the rooms, not the other way round: app.ts hands in what a room needs of the outside.',
  resolvers: 'resolvers/ only translates GraphQL: move the line down, into the room that it is about.',
  'jobs/run': 'only the job queue calls handlers: enqueue by name with jobs/, or share an action in actions/.',
  demo: 'the demo is filled through the actions, by app.ts and the command line alone.',
  actions: 'a line that changes something belongs in actions/, which only resolvers/ and jobs/run/ call.',
  live: 'a line that tells others belongs in live/, and the action that causes it rings.',
  reads: 'a line that fetches rows for fields belongs in reads/; an action uses what it loads under its lock.',
  schema: 'what a client can read or say belongs in schema/, and resolvers/ translates it for the rooms below.',
  jobs: 'a line that happens later belongs in jobs/, enqueued by the action that causes it.',
  auth: 'a line that depends on who asks belongs in auth/, and the rooms above ask it.',
  entities: 'what is true of the thing whoever asks belongs in entities/, and this room knows nothing of Parley.',
  adapters:
    "a line that speaks a vendor's language belongs in adapters/; actions/, reads/ and jobs/run/ are handed one.",
  database: 'a line that fetches rows for fields belongs in reads/, one that changes something in actions/.',
  config: 'settings are read once, and app.ts hands this room what it needs of them.',
  errors: 'a refusal belongs to the room that calls this one.',
  clock: 'the time is handed in by the caller.',
  ids: 'ids are handed in by the caller.',
  links: 'links are handed in by the caller.',
  html: 'whoever writes to people makes the HTML; this room writes to nobody.',
  conversationUrl: 'links are made where they are shown.',
};

const files = ['main', 'cli', 'app', ...below];
const rooms = Object.keys(mayImport);

function path(room) {
  if (files.includes(room)) return `^src/${room}\\.ts$`;
  return room === 'jobs' ? '^src/jobs/(?!run/)' : `^src/${room}/`;
}

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** A file is found by what it imports or by what imports it. */
const noSuchFile = (name, comment, file) => [rule(name, comment, file, {}), rule(name, comment, {}, file)];

export default {
  forbidden: [
    ...rooms.flatMap((from) =>
      rooms
        .filter((to) => to !== from && !mayImport[from].includes(to))
        .map((to) => rule(`${from} may not import ${to}`, instead[to], { path: path(from) }, { path: path(to) })),
    ),
    ...Object.entries(typesOnly).flatMap(([from, targets]) =>
      targets.map((to) =>
        rule(
          `${from} may import only types from ${to}`,
          'write "import type": the thing itself is made in app.ts and handed in.',
          { path: path(from) },
          { path: path(to), dependencyTypesNot: ['type-only'] },
        ),
      ),
    ),
    ...noSuchFile('no such room', 'every file of src/ stands in one of the rooms listed in .dependency-cruiser.mjs.', {
      path: '^src/',
      pathNot: rooms.map(path),
    }),
    ...noSuchFile('a name that says nothing', 'name it by what it is about, in the words of the product.', {
      path: '^src.*/(utils?|helpers?|services?|common|shared|misc|index)[/.]',
    }),
    rule(
      'no cycles',
      'two files that need each other are one file, or hide a third.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'only database and live open connections to PostgreSQL',
      'take the Database as a parameter: another connection knows neither its limits nor its transactions.',
      { path: '^src/', pathNot: [path('database'), path('live')] },
      { path: 'node_modules/(@types/)?pg/' },
    ),
    rule(
      'src stands alone',
      'what runs in production needs no tests and no page.',
      { path: '^src/' },
      { path: '^(test|bench|graphiql)/' },
    ),
    rule(
      'src needs no devDependencies',
      'what runs in production is a dependency.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    ),
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
