import { invalidInput, notFoundAt } from '../errors.js';

/** What a text may be, in Unicode code points after trimming. */
export const limits = {
  message: 10_000,
  subject: 200,
  reason: 500,
  transferNote: 2000,
  ticketTitle: 200,
  ticketDescription: 10_000,
  ticketComment: 10_000,
  name: 100,
  tag: 50,
  externalId: 200,
  email: 254,
  contentType: 200,
};

/** A text that must say something: trimmed, 1 to `max` code points. */
export function requiredText(text: string | null | undefined, field: string, max: number): string {
  const trimmed = optionalText(text, field, max);
  if (trimmed === null) throw invalidInput([field], 'This must not be empty.');
  return trimmed;
}

/** Trimmed, well-formed, at most `max` code points; blank counts as none. */
export function optionalText(text: string | null | undefined, field: string, max: number): string | null {
  const trimmed = text?.trim() ?? '';
  refuseIllFormed(trimmed, field);
  // UTF-16 units are at least as many as code points, so most texts need no counting.
  if (trimmed.length > max && [...trimmed].length > max) {
    throw invalidInput([field], `This must be at most ${max} characters long.`);
  }
  return trimmed === '' ? null : trimmed;
}

/** PostgreSQL stores neither NUL nor half a surrogate pair; both would come back as a failure of ours. */
export function refuseIllFormed(text: string, field: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    throw invalidInput([field], 'Text may contain neither NUL nor unpaired surrogates.');
  }
}

/** An input field that a role needs and did not give. */
export function given<T>(value: T | null | undefined, field: string): T {
  if (value === null || value === undefined) throw invalidInput([field], 'This is required here.');
  return value;
}

export function foundAt<T>(value: T | null | undefined, field: string): T {
  if (value === null || value === undefined) throw notFoundAt(field);
  return value;
}
