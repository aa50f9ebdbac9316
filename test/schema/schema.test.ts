import { readFile } from 'node:fs/promises';
import {
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  validateSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import { printSchema } from '../../src/resolvers/printSchema.js';

const schema = buildSchema();
const ours = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !(isScalarType(type) && isSpecifiedScalarType(type)),
);
const roots = ['Query', 'Mutation', 'Subscription'];
const fieldsOf = (type: GraphQLNamedType | undefined) => {
  if (isObjectType(type) || isInterfaceType(type)) return type.getFields();
  throw new Error(`${type?.name} is no type with fields`);
};
const objects = ours.filter(isObjectType);
const named = (ending: string) => objects.filter(({ name }) => name.endsWith(ending));

/** Everything that can carry a description, by its place in the schema. */
function* described(): Generator<[string, string, string | null | undefined]> {
  for (const type of ours) {
    yield [type.name, type.name, type.description];
    if (isEnumType(type))
      for (const { name, description } of type.getValues()) yield [`${type.name}.${name}`, name, description];
    if (isInputObjectType(type)) {
      for (const { name, description } of Object.values(type.getFields()))
        yield [`${type.name}.${name}`, name, description];
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const { name, description, args } of Object.values(type.getFields())) {
      yield [`${type.name}.${name}`, name, description];
      for (const argument of args)
        yield [`${type.name}.${name}(${argument.name})`, argument.name, argument.description];
    }
  }
}

const words = (text: string) =>
  text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !['the', 'a', 'an', 'of', 'its', 'this'].includes(word));

describe('the schema', () => {
  test('is valid', () => {
    expect(validateSchema(schema)).toEqual([]);
  });

  test('stands in schema.graphql as it is', async () => {
    const file = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
    expect(file).toBe(printSchema());
  });

  test('describes every type, field, argument, enum value and input field', () => {
    const without = [...described()].filter(([, , description]) => !description?.trim());
    expect(without.map(([place]) => place)).toEqual([]);
  });

  test('says more of each than its name does', () => {
    // What a channel is called is all that there is to say of it.
    const properNames = /^Channel\./;
    const empty = [...described()].filter(([place, name, description]) => {
      const known = new Set(words(name));
      return !properNames.test(place) && words(description!).every((word) => known.has(word));
    });
    expect(empty.map(([place, , description]) => `${place}: ${description}`)).toEqual([]);
  });

  test('ends every description as a sentence ends, and none with a blank', () => {
    const unended = [...described()].filter(([, , description]) => !/[.!?"]$/.test(description!));
    expect(unended.map(([place, , description]) => `${place}: ${description}`)).toEqual([]);
  });
});

describe('for Relay and the caches of clients', () => {
  test('`node` takes an id and may be null, `nodes` takes ids and may hold null', () => {
    const { node, nodes } = fieldsOf(schema.getQueryType()!);
    expect([String(node!.type), node!.args.map(({ name }) => name)]).toEqual(['Node', ['id']]);
    expect(String(node!.args[0]!.type)).toBe('ID!');
    expect([String(nodes!.type), String(nodes!.args[0]!.type)]).toEqual(['[Node]!', '[ID!]!']);
  });

  test('Node is an interface with an id, and whatever has an id is a Node', () => {
    expect(String(fieldsOf(schema.getType('Node')).id!.type)).toBe('ID!');
    const withId = objects.filter((type) => 'id' in type.getFields());
    expect(withId.length).toBeGreaterThan(8);
    for (const type of withId) {
      expect([type.name, String(type.getFields().id!.type)]).toEqual([type.name, 'ID!']);
      expect([type.name, type.getInterfaces().map(({ name }) => name)]).toEqual([
        type.name,
        expect.arrayContaining(['Node']),
      ]);
    }
  });

  test('every connection has edges and pageInfo, every edge a node and a cursor', () => {
    expect(named('Connection').length).toBeGreaterThan(4);
    for (const connection of named('Connection')) {
      const { edges, pageInfo } = connection.getFields();
      const edge = connection.name.replace('Connection', 'Edge');
      expect([String(edges!.type), String(pageInfo!.type)]).toEqual([`[${edge}!]!`, 'PageInfo!']);
    }
    for (const edge of named('Edge')) {
      const { node, cursor } = edge.getFields();
      expect([edge.name, String(cursor!.type), isNonNullType(node!.type)]).toEqual([edge.name, 'String!', true]);
    }
  });

  test('PageInfo is that of the specification', () => {
    const fields = Object.values(fieldsOf(schema.getType('PageInfo'))).map(({ name, type }) => `${name}: ${type}`);
    expect(fields.sort()).toEqual([
      'endCursor: String',
      'hasNextPage: Boolean!',
      'hasPreviousPage: Boolean!',
      'startCursor: String',
    ]);
  });

  test('every field that gives a connection takes first, after, last and before, and nothing else does', () => {
    for (const type of objects) {
      for (const { name, type: fieldType, args } of Object.values(type.getFields())) {
        const isConnection = getNamedType(fieldType).name.endsWith('Connection');
        const taken = args.map((argument) => `${argument.name}: ${argument.type}`);
        const place = `${type.name}.${name}`;
        if (isConnection) {
          // A search goes on from its best; nobody asks for its worst.
          const backward = name.startsWith('search') ? [] : ['last: Int', 'before: String'];
          const paging = ['first: Int', 'after: String', ...backward];
          expect([place, taken]).toEqual([place, expect.arrayContaining(paging)]);
        } else expect([place, taken.filter((argument) => /^(first|last):/.test(argument))]).toEqual([place, []]);
      }
    }
  });

  test('types of one interface have the fields of it, and every type of an entry is an entry', () => {
    const entries = schema.getPossibleTypes(schema.getType('TimelineEntry') as never).map(({ name }) => name);
    expect(entries.sort()).toEqual(['ConversationEvent', 'Message', 'Whisper']);
  });
});

describe('mutations', () => {
  const mutations = Object.values(fieldsOf(schema.getMutationType()!));

  test.each(mutations.map((field) => [field.name, field] as const))(
    '%s takes one input and gives a payload of its own',
    (name, { args, type }) => {
      const upper = `${name[0]!.toUpperCase()}${name.slice(1)}`;
      expect(args.map((argument) => `${argument.name}: ${argument.type}`)).toEqual([`input: ${upper}Input!`]);
      expect(String(type)).toBe(`${upper}Payload!`);
    },
  );

  test('every payload says why it refused, and its subject may be null', () => {
    expect(named('Payload')).toHaveLength(mutations.length);
    for (const payload of named('Payload')) {
      const { errors, timelineEdges, ...others } = payload.getFields();
      expect([payload.name, String(errors!.type)]).toEqual([payload.name, '[UserError!]!']);
      if (timelineEdges) expect(String(timelineEdges.type)).toBe('[TimelineEdge!]!');
      for (const { name, type } of Object.values(others))
        expect([payload.name, name, isNonNullType(type)]).toEqual([payload.name, name, false]);
    }
  });

  test('every error has a code, a message and a path', () => {
    const errors = schema.getPossibleTypes(schema.getType('UserError') as never);
    expect(errors.map(({ name }) => name).sort()).toEqual([
      'AlreadyAssignedError',
      'GenericUserError',
      'TransferNotPendingError',
    ]);
    for (const error of errors)
      expect(Object.keys(error.getFields())).toEqual(expect.arrayContaining(['code', 'message', 'path']));
  });

  test('an input never asks who is calling, nor in which workspace', () => {
    for (const type of ours.filter(isInputObjectType)) {
      const fields = Object.keys(type.getFields()).filter((field) => /^(viewer|actor|tenant|workspace)Id$/.test(field));
      expect([type.name, fields]).toEqual([type.name, type.name === 'SignInInput' ? ['workspaceId'] : []]);
    }
  });
});

describe('what a role may not read', () => {
  test('may be null, so that the rest of the answer stays', () => {
    const teamOnly = [...described()].filter(
      ([place, , description]) => /Team only|admins/i.test(description ?? '') && /^[A-Z]\w+\.\w+$/.test(place),
    );
    const strict = teamOnly.filter(([place]) => {
      const [type, field] = place.split('.') as [string, string];
      const owner = schema.getType(type);
      return isObjectType(owner) && !roots.includes(type) && isNonNullType(owner.getFields()[field]!.type);
    });
    expect(teamOnly.length).toBeGreaterThan(8);
    expect(strict.map(([place]) => place)).toEqual([]);
  });
});
