import type { z } from 'zod';

export interface EngineRequest {
  /** given: a POST of this as JSON, or as a form */
  body?: object | URLSearchParams;
  headers?: Record<string, string>;
  signal: AbortSignal;
}

/**
 * The JSON that an engine answers with, if it has the expected shape. Errors name the path and the trouble and never what
 * was sent or received: that may be what somebody wrote. A redirection is no answer, since it could lead anywhere.
 */
export async function askEngine<T>(
  base: string,
  path: string,
  shape: z.ZodType<T>,
  request: EngineRequest,
): Promise<T> {
  const { body, headers, signal } = request;
  const isForm = body instanceof URLSearchParams;
  const response = await fetch(`${base.replace(/\/+$/, '')}${path}`, {
    redirect: 'error',
    signal,
    headers: { accept: 'application/json', ...(body && !isForm && { 'content-type': 'application/json' }), ...headers },
    ...(body && { method: 'POST', body: isForm ? body : JSON.stringify(body) }),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${path} answered with status ${response.status}`);
  }
  const answer: unknown = await response.json().catch((error: Error) => {
    throw error instanceof SyntaxError ? new Error(`${path} answered with something that is not JSON`) : error;
  });
  const result = shape.safeParse(answer);
  if (!result.success) throw new Error(`${path} answered in an unknown shape`);
  return result.data;
}

/** As many translations as there were texts, or the answer is worth nothing: nobody knows what belongs to what. */
export function sameCount<T>(answers: T[], texts: readonly string[]): T[] {
  if (answers.length !== texts.length) throw new Error(`${answers.length} answers came for ${texts.length} texts`);
  return answers;
}
