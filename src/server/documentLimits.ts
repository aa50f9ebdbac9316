import {
  type ASTNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';
import type { Config } from '../config.js';
import { queryTooComplex } from '../errors.js';

type Limits = Pick<Config, 'MAX_DEPTH' | 'MAX_ALIASES' | 'MAX_DIRECTIVES' | 'MAX_LIST'>;

/** How much a selection is when its fragments are put in place. Fragments count as selections too. */
interface Measure {
  depth: number;
  aliases: number;
  directives: number;
  selections: number;
}

const maxSelections = 5000;
const nothing: Measure = { depth: 0, aliases: 0, directives: 0, selections: 0 };

/**
 * A validation rule that refuses what is too deep, has too many aliases, directives or list values, or unfolds into too
 * many selections. Each fragment is measured once, so that fragments which double one another cost no more than their
 * text.
 */
export function documentLimits(limits: Limits): ValidationRule {
  return (context) => ({
    Document(document: DocumentNode) {
      for (const message of refusals(document, limits)) context.reportError(queryTooComplex(message));
    },
    ListValue({ values }) {
      if (values.length > limits.MAX_LIST) {
        context.reportError(queryTooComplex(`A list takes at most ${limits.MAX_LIST} values.`));
      }
    },
  });
}

function refusals(document: DocumentNode, limits: Limits): string[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Measure>();
  const messages = new Set<string>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const { depth, aliases, directives, selections } = measureSet(definition.selectionSet, fragments, measured);
    if (depth > limits.MAX_DEPTH) messages.add(`Operations may be at most ${limits.MAX_DEPTH} levels deep.`);
    if (aliases > limits.MAX_ALIASES) messages.add(`Operations may have at most ${limits.MAX_ALIASES} aliases.`);
    if (directives > limits.MAX_DIRECTIVES)
      messages.add(`Operations may have at most ${limits.MAX_DIRECTIVES} directives.`);
    if (selections > maxSelections) messages.add(`Operations may have at most ${maxSelections} selections.`);
  }
  return [...messages];
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

function measureSet({ selections }: SelectionSetNode, fragments: Fragments, measured: Map<string, Measure>): Measure {
  return selections.reduce((sum, selection) => {
    const one = measure(selection, fragments, measured);
    const own = (selection as ASTNode & { directives?: readonly unknown[] }).directives?.length ?? 0;
    return {
      depth: Math.max(sum.depth, one.depth),
      aliases: sum.aliases + one.aliases,
      directives: sum.directives + one.directives + own,
      selections: sum.selections + one.selections + 1,
    };
  }, nothing);
}

function measure(selection: SelectionNode, fragments: Fragments, measured: Map<string, Measure>): Measure {
  switch (selection.kind) {
    case Kind.FIELD: {
      const below = selection.selectionSet ? measureSet(selection.selectionSet, fragments, measured) : nothing;
      // The schema's own description of itself is deep by nature, and has no data below it.
      const depth = /^__(schema|type)$/.test(selection.name.value) ? 1 : below.depth + 1;
      return { ...below, depth, aliases: below.aliases + (selection.alias ? 1 : 0) };
    }
    case Kind.INLINE_FRAGMENT:
      return measureSet(selection.selectionSet, fragments, measured);
    case Kind.FRAGMENT_SPREAD:
      return measureFragment(selection.name.value, fragments, measured);
  }
}

function measureFragment(name: string, fragments: Fragments, measured: Map<string, Measure>): Measure {
  const known = measured.get(name);
  if (known) return known;
  const fragment = fragments.get(name);
  if (!fragment) return nothing;
  // Fragments in a circle are another rule's refusal; here they must only end.
  measured.set(name, nothing);
  const measure = measureSet(fragment.selectionSet, fragments, measured);
  measured.set(name, measure);
  return measure;
}
