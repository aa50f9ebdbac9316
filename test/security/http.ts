export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  data: Record<string, unknown> | null;
  errors: { message: string; extensions: { code: string; [name: string]: unknown } }[];
}

interface Request {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A request as any program could send it, and all of its answer. */
export async function send(url: string, { path = '/graphql', ...request }: Request): Promise<Reply> {
  const response = await fetch(`${url}${path}`, request);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const { data = null, errors = [] } = isJson ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, text, data, errors };
}

/** A GraphQL request by POST, with a token or without. */
export const post = (url: string, token: string | null, body: unknown): Promise<Reply> =>
  send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
