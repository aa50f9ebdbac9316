import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

export type RootKind = 'Query' | 'Mutation' | 'Subscription';

/** One root field, asked for with its arguments as variables. */
export interface RootCall {
  name: string;
  kind: RootKind;
  query: string;
  variables: Record<string, unknown>;
}

/** What to give for an argument or input field: `undefined` leaves it out if that is allowed. */
export type ValueOf = (path: string[], type: GraphQLInputType) => unknown;

const kinds: readonly RootKind[] = ['Query', 'Mutation', 'Subscription'];

/** Every root field of the schema, so that a new one is met by every test that walks them. */
export function rootCalls(schema: GraphQLSchema, give: ValueOf): RootCall[] {
  return rootFields(schema).map(({ kind, field }) => rootCall(kind, field, give));
}

export function rootFields(schema: GraphQLSchema): { kind: RootKind; field: GraphQLField<unknown, unknown> }[] {
  return kinds.flatMap((kind) => {
    const type = schema.getType(kind);
    if (!type || !('getFields' in type)) return [];
    return Object.values(type.getFields() as Record<string, GraphQLField<unknown, unknown>>).map((field) => ({
      kind,
      field,
    }));
  });
}

export function rootCall(kind: RootKind, field: GraphQLField<unknown, unknown>, give: ValueOf): RootCall {
  const given = field.args.flatMap((argument) => {
    const value = valueFor(argument, [argument.name], isRequiredArgument(argument), give);
    return value === undefined ? [] : [{ argument, value }];
  });
  const declared = given.map(({ argument }) => `$${argument.name}: ${argument.type}`).join(', ');
  const passed = given.map(({ argument }) => `${argument.name}: $${argument.name}`).join(', ');
  const selection = isLeafType(getNamedType(field.type)) ? '' : ` ${selectionOf(field)}`;
  return {
    name: `${kind}.${field.name}`,
    kind,
    query: `${kind.toLowerCase()}${declared && ` (${declared})`} { ${field.name}${passed && `(${passed})`}${selection} }`,
    variables: Object.fromEntries(given.map(({ argument, value }) => [argument.name, value])),
  };
}

function selectionOf({ type }: GraphQLField<unknown, unknown>): string {
  const { name } = getNamedType(type);
  if (name.endsWith('Payload')) return '{ errors { __typename code path message } }';
  return name.endsWith('Connection') ? '{ edges { cursor } }' : '{ __typename }';
}

/** The path of every argument and input field of a call that takes a value which `fits`. */
export function pathsOf(
  field: GraphQLField<unknown, unknown>,
  fits: (type: GraphQLInputType, path: string[]) => boolean,
): string[][] {
  const below = (type: GraphQLInputType, path: string[]): string[][] => {
    const named = getNamedType(type);
    if (!isInputObjectType(named)) return fits(named, path) ? [path] : [];
    return Object.values(named.getFields()).flatMap((inner) => below(inner.type, [...path, inner.name]));
  };
  return field.args.flatMap(({ name, type }) => below(type, [name]));
}

/** Something of each scalar that does not take any text. */
const anyValues: Record<string, unknown> = { Boolean: true, Int: 1, URL: 'https://any.test/' };

function valueFor(
  { type }: GraphQLArgument | GraphQLInputField,
  path: string[],
  isRequired: boolean,
  give: ValueOf,
): unknown {
  const chosen = give(path, type);
  if (chosen !== undefined) return isListType(getNullableType(type)) && !Array.isArray(chosen) ? [chosen] : chosen;
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    const fields = Object.values(named.getFields()).flatMap((field) => {
      const value = valueFor(field, [...path, field.name], isRequiredInputField(field), give);
      return value === undefined ? [] : [[field.name, value]];
    });
    return isRequired || fields.length > 0 ? Object.fromEntries(fields) : undefined;
  }
  if (!isRequired) return undefined;
  const value = isEnumType(named) ? named.getValues()[0]!.name : (anyValues[named.name] ?? 'any');
  return isListType(getNullableType(type)) ? [value] : value;
}

/** Between a list and what it lists there is no level of its own. */
const isStructure = ({ name }: GraphQLNamedType) => /(Connection|Edge|PageInfo)$/.test(name);

/**
 * A selection of every field of a type, with `levels` levels of objects below it. What can be one of several types is
 * asked for as each of them, under names of its own, since two of them may have fields of one name and not one type.
 */
export function everything(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  levels: number,
  leavesOut: (type: string, field: string) => boolean = () => false,
): string {
  if (isAbstractType(type)) {
    const parts = schema.getPossibleTypes(type).map((one) => {
      const fields = fieldsOf(schema, one, levels, leavesOut).map(
        (field) => `${one.name}_${field.split(/[ (]/)[0]}: ${field}`,
      );
      return fields.length === 0 ? '' : `... on ${one.name} { ${fields.join(' ')} }`;
    });
    return `{ __typename ${parts.join(' ')} }`;
  }
  return `{ ${fieldsOf(schema, type, levels, leavesOut).join(' ')} }`;
}

/** What a field below the roots must be given. */
const requiredArguments: Record<string, string> = { translation: 'to: "es"' };

function fieldsOf(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  levels: number,
  leavesOut: (type: string, field: string) => boolean,
): string[] {
  if (!isObjectType(type)) throw new Error(`${type.name} has no fields`);
  return Object.values(type.getFields()).flatMap(({ name: fieldName, type: fieldType, args }) => {
    const below = getNamedType(fieldType);
    if (leavesOut(type.name, fieldName)) return [];
    const name = args.some(isRequiredArgument) ? `${fieldName}(${requiredArguments[fieldName]})` : fieldName;
    if (isLeafType(below)) return [name];
    if (levels === 0 && !isStructure(below)) return [];
    const selection = everything(schema, below, isStructure(below) ? levels : levels - 1, leavesOut);
    return selection === '{  }' ? [] : [`${name} ${selection}`];
  });
}
