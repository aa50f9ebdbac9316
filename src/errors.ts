import { GraphQLError } from 'graphql';

/** Every refusal that belongs to the domain. A client meets it as data, in `errors` of a payload. */
export const refusalCodes = [
  'FORBIDDEN',
  'NOT_FOUND',
  'INVALID_INPUT',
  'IDEMPOTENCY_KEY_REUSED',
  'INVALID_CREDENTIALS',
  'NOT_ASSIGNEE',
  'ALREADY_ASSIGNED',
  'TAKE_OVER_REQUIRED',
  'AI_PAUSED',
  'AI_TURN_CLOSED',
  'NO_AI_AGENT',
  'CONVERSATION_NOT_OPEN',
  'CONVERSATION_FINALIZED',
  'ASSIGNEE_MUST_TRANSFER',
  'TRANSFER_PENDING',
  'TRANSFER_NOT_PENDING',
  'TRANSFER_TARGET_UNAVAILABLE',
  'ATTACHMENT_NOT_READY',
  'FILE_TOO_LARGE',
  'UNSUPPORTED_FILE_TYPE',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

const refusalMessages: Record<RefusalCode, string> = {
  FORBIDDEN: 'You may not do this.',
  NOT_FOUND: 'There is no such thing, or it is not yours to see.',
  INVALID_INPUT: 'This value is not valid.',
  IDEMPOTENCY_KEY_REUSED: 'This idempotency key has been used for another call.',
  INVALID_CREDENTIALS: 'E-mail and password do not match.',
  NOT_ASSIGNEE: 'Only the assignee may do this.',
  ALREADY_ASSIGNED: 'Somebody else answers for this conversation.',
  TAKE_OVER_REQUIRED: 'Take the conversation over first.',
  AI_PAUSED: 'The AI agent is paused: it is not its turn to speak here.',
  AI_TURN_CLOSED: 'This turn is no longer open.',
  NO_AI_AGENT: 'There is no enabled AI agent to hand back to.',
  CONVERSATION_NOT_OPEN: 'The conversation is not open.',
  CONVERSATION_FINALIZED: 'The conversation is finalized.',
  ASSIGNEE_MUST_TRANSFER: 'The assignee cannot leave: transfer the conversation, hand it back or resolve it.',
  TRANSFER_PENDING: 'An offer of this conversation is waiting for an answer.',
  TRANSFER_NOT_PENDING: 'This offer is no longer waiting for an answer.',
  TRANSFER_TARGET_UNAVAILABLE:
    'The conversation cannot be offered to them: they answer for it already, or were deactivated.',
  ATTACHMENT_NOT_READY: 'This file has not been uploaded yet.',
  FILE_TOO_LARGE: 'The file is larger than allowed here.',
  UNSUPPORTED_FILE_TYPE: 'This is not a file of a kind that may be sent here.',
};

/** What a refusal of one code carries besides its message. */
export interface RefusalDetails {
  assigneeId?: string;
  assignedAt?: Date;
  /** of an offer that is no longer pending */
  status?: string;
}

/** A rule of the domain says no. Thrown before the first write; the transaction is rolled back. */
export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly path: string[] | null = null,
    readonly details: RefusalDetails = {},
    message: string = refusalMessages[code],
  ) {
    super(message);
  }
}

export const invalidInput = (path: string[], message: string) => new Refusal('INVALID_INPUT', path, {}, message);
export const notFoundAt = (...path: string[]) => new Refusal('NOT_FOUND', path);

const graphQLError = (code: string, message: string, status?: number, extensions: object = {}) =>
  new GraphQLError(message, { extensions: { code, ...extensions, ...(status && { http: { status } }) } });

/** No token, or one that is not valid: HTTP 401; a socket is closed with 4403. */
export const unauthenticated = () => graphQLError('UNAUTHENTICATED', 'Sign in first.', 401);
/** The role may never do this, whatever the data. */
export const forbidden = () => graphQLError('FORBIDDEN', 'You may not do this.');
/** An argument that no client of ours would send: a bad scalar, page size or cursor. */
export const badUserInput = (message: string) => graphQLError('BAD_USER_INPUT', message);
/** Of subscriptions only; queries by id answer null. */
export const notFound = () => graphQLError('NOT_FOUND', refusalMessages.NOT_FOUND);
export const rateLimited = (retryAfterSeconds: number) =>
  graphQLError('RATE_LIMITED', 'Too many requests. Try again later.', 429, { retryAfter: retryAfterSeconds });
/** `limit` survives Apollo, which calls everything that a validation rule says a failed validation. */
export const queryTooComplex = (message: string) => graphQLError('QUERY_TOO_COMPLEX', message, 400, { limit: true });
export const timedOut = () => graphQLError('TIMED_OUT', 'This took too long and was given up.', 503);

/** The codes that are meant for clients; an error with any other is masked. */
export const publicErrorCodes: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'TIMED_OUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'METHOD_NOT_ALLOWED',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** An error in words for the operator. A name with several addresses, none of which answers, is an error without words. */
export const operatorMessage = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map((each: Error) => operatorMessage(each)).join('; ') : error.message;
