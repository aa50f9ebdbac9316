import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/**
 * The names of the fields selected below this one along `path`, on whatever type: what a page fetches in its one
 * statement. Directives are not evaluated: a field that is skipped costs a little, one that is missed costs a query.
 */
export function selectedFields(info: GraphQLResolveInfo, ...path: string[]): ReadonlySet<string> {
  let level: FieldNode[] = [...info.fieldNodes];
  for (const name of path) level = fieldsBelow(level, info).filter((field) => field.name.value === name);
  return new Set(fieldsBelow(level, info).map((field) => field.name.value));
}

function fieldsBelow(fields: readonly FieldNode[], info: GraphQLResolveInfo): FieldNode[] {
  return fields.flatMap(({ selectionSet }) => (selectionSet ? flatten(selectionSet, info) : []));
}

function flatten(selectionSet: SelectionSetNode, info: GraphQLResolveInfo): FieldNode[] {
  return selectionSet.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return flatten(selection.selectionSet, info);
    const fragment = info.fragments[selection.name.value];
    return fragment ? flatten(fragment.selectionSet, info) : [];
  });
}
