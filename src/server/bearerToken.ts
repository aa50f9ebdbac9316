/** The token of `Bearer TOKEN`, or null when the text is not of that form. */
export function bearerToken(authorization: unknown): string | null {
  const match = typeof authorization === 'string' ? /^Bearer ([^\s]{1,8192})$/i.exec(authorization) : null;
  return match?.[1] ?? null;
}
