import {
  type DocumentNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Viewer } from '../auth/Viewer.js';
import type { Clock } from '../clock.js';
import type { Config } from '../config.js';
import { publicErrorCodes, queryTooComplex, unauthenticated } from '../errors.js';
import { Allowance } from './Allowance.js';
import { costOf } from './cost.js';
import { documentLimits } from './documentLimits.js';

export interface Operation {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  operationName: string | null | undefined;
  variables: Record<string, unknown>;
}

const keptCharacters = 1_000_000;

/** What needs no token: signing in, and, outside production, the schema's description of itself. */
const openFields = new Set(['signIn', '__typename']);
const introspectionFields = new Set(['__schema', '__type']);

/**
 * What every operation goes through before and after it runs, whichever door it came by. HTTP leaves parsing and
 * validating to Apollo, with the rules and options from here; the socket does them with `document`.
 */
export class Pipeline {
  private readonly allowance: Allowance;
  private readonly documents = new LRUCache<string, DocumentNode | readonly GraphQLError[]>({
    maxSize: keptCharacters,
    sizeCalculation: (_, text) => text.length + 1,
  });
  readonly validationRules;
  readonly parseOptions;

  constructor(
    readonly schema: GraphQLSchema,
    private readonly config: Config,
    clock: Clock,
    private readonly log: Logger,
  ) {
    this.allowance = new Allowance(clock, config.RATE_RESTORE, config.RATE_BURST);
    this.validationRules = [documentLimits(config)];
    this.parseOptions = { maxTokens: config.MAX_TOKENS };
  }

  /** The document of a text, or why it is none. Kept per text, since clients send the same ones again. */
  document(text: string): DocumentNode | readonly GraphQLError[] {
    let known = this.documents.get(text);
    if (known === undefined) {
      known = this.parseAndValidate(text);
      this.documents.set(text, known);
    }
    return known;
  }

  /** The operation that is meant, if it may run now: allowed without a token or with one, not too costly, not too often. */
  admit({ document, operation, operationName, variables }: Operation, viewer: Viewer | null, address: string): void {
    if (viewer === null && !this.needsNoToken(operation)) throw unauthenticated();
    refuseLongLists(variables, this.config.MAX_LIST);
    const cost = costOf(this.schema, document, operationName, variables);
    if (cost > this.config.MAX_COST) {
      throw queryTooComplex(`This operation costs ${cost} points; at most ${this.config.MAX_COST} are allowed.`);
    }
    this.allowance.spend(viewer?.id ?? address, Math.max(1, cost));
  }

  /** What a client may know of an error. Whatever was not meant for clients becomes a request id, and goes to the log. */
  mask(formatted: GraphQLFormattedError, error: unknown, requestId: string): GraphQLFormattedError {
    const { message, locations, path, extensions } = formatted;
    const { code, retryAfter, limit } = (extensions ?? {}) as { code?: string; retryAfter?: number; limit?: boolean };
    const known = code ?? 'INTERNAL_SERVER_ERROR';
    const shown = limit
      ? 'QUERY_TOO_COMPLEX'
      : known === 'INTERNAL_SERVER_ERROR' && isAboutInput(error)
        ? 'BAD_USER_INPUT'
        : known;
    const place = { ...(locations && { locations }), ...(path && { path }) };
    if (publicErrorCodes.has(shown)) {
      return {
        message: this.config.production ? message.replace(/ ?Did you mean(.+?)\?$/, '') : message,
        ...place,
        extensions: { code: shown, ...(retryAfter !== undefined && { retryAfter }) },
      };
    }
    const cause = (error as { originalError?: unknown }).originalError ?? error;
    this.log.error({ requestId, path, error: describe(cause) }, 'an operation failed');
    return {
      message: 'Something went wrong on our side.',
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
    };
  }

  /** The same for what fails before there is an operation, such as finding out who is calling. */
  maskEarly(error: unknown, requestId: string): GraphQLError {
    if (error instanceof GraphQLError) return error;
    const { message, extensions } = this.mask({ message: '' }, error, requestId);
    return new GraphQLError(message, { extensions: { ...extensions, http: { status: 500 } } });
  }

  private parseAndValidate(text: string): DocumentNode | readonly GraphQLError[] {
    let document: DocumentNode;
    try {
      document = parse(text, this.parseOptions);
    } catch (error) {
      return withCode('GRAPHQL_PARSE_FAILED', [error as GraphQLError]);
    }
    const errors = validate(this.schema, document, [...specifiedRules, ...this.validationRules], {
      maxErrors: this.config.MAX_ERRORS,
    });
    return errors.length > 0 ? withCode('GRAPHQL_VALIDATION_FAILED', errors) : document;
  }

  private needsNoToken({ selectionSet }: OperationDefinitionNode): boolean {
    return selectionSet.selections.every(
      (selection) =>
        selection.kind === Kind.FIELD &&
        (openFields.has(selection.name.value) ||
          (!this.config.production && introspectionFields.has(selection.name.value))),
    );
  }
}

export const operationOf = (document: DocumentNode, name: string | null | undefined) => getOperationAST(document, name);

/** A loop that walks what it appends, and no recursion: a client may nest variables as deep as a request is long. */
function refuseLongLists(variables: Record<string, unknown>, max: number): void {
  const values: unknown[] = [variables];
  for (const value of values) {
    if (value === null || typeof value !== 'object') continue;
    if (Array.isArray(value) && value.length > max) throw queryTooComplex(`A list takes at most ${max} values.`);
    for (const inner of Object.values(value)) values.push(inner);
  }
}

/** The codes that Apollo gives over HTTP. */
function withCode(code: string, errors: readonly GraphQLError[]): readonly GraphQLError[] {
  for (const { extensions } of errors) extensions.code ??= code;
  return errors;
}

/** A variable or an argument that does not fit its type. Whatever a resolver throws points to its field instead. */
const isAboutInput = (error: unknown) =>
  error instanceof GraphQLError && error.nodes?.[0] !== undefined && error.nodes[0].kind !== Kind.FIELD;

/** For the log. PostgreSQL's detail holds the row that it refused, and with it what somebody wrote. */
function describe(error: unknown) {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  const { detail } = error as { detail?: unknown };
  const told = (text: string) => (typeof detail === 'string' && detail ? text.replaceAll(detail, '…') : text);
  return { name, message: told(message), stack: stack && told(stack) };
}
