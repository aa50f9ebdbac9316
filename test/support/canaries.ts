/**
 * Every whisper that a test writes is a canary: whoever may not read it must never be sent its words, in whatever answer,
 * frame or prompt. All that leaves the server by `Person`, `RawSocket` and the tests' models is searched for them.
 */
interface Canary {
  text: string;
  forms: readonly string[];
  workspaceId: string;
  /** its only reader, if it is a note */
  onlyFor: string | null;
}

/** Who holds a token, as far as whispers are concerned. */
export interface Standing {
  id: string;
  workspaceId: string;
  readsWhispers: boolean;
}

const shortest = 8;
const standings = new Map<string, Standing>();
const canaries = new Map<string, Canary>();
const saidOtherwise = new Set<string>();
const found: string[] = [];
let searching = true;

export const knowToken = (token: string, standing: Standing) => standings.set(token, standing);

/** For a file that lets whispers out on purpose. */
export function stopSearching(): void {
  searching = false;
}

/** What a call says: a canary if it is a whisper of the team; otherwise words that may come back. */
export function hear(token: string | null, query: string, variables: unknown): void {
  const standing = standings.get(token ?? '');
  const input = (variables as { input?: { text?: unknown; audience?: string } } | undefined)?.input;
  const isWhisper = /\bwhisper\(input: \$input\)/.test(query) && standing?.readsWhispers;
  if (!isWhisper || typeof input?.text !== 'string') {
    sayOtherwise(variables);
    return;
  }
  const text = input.text.trim();
  if (text.length < shortest) return;
  const onlyFor = input.audience === 'SELF' ? standing.id : null;
  canaries.set(text, { text, forms: formsOf(text), workspaceId: standing.workspaceId, onlyFor });
}

/** Searches bytes that went to the holder of a token. What is found fails the test that runs. */
export function search(token: string | null, receiver: string, bytes: string): void {
  if (token !== null && !standings.has(token)) return;
  searchFor(standings.get(token ?? '') ?? null, receiver, bytes);
}

/** The same for a receiver without a token, who may read no whisper at all. */
export const searchPrompt = (conversation: object) => searchFor(null, 'a model', JSON.stringify(conversation));

function searchFor(standing: Standing | null, receiver: string, bytes: string): void {
  if (!searching) return;
  for (const { text, forms, workspaceId, onlyFor } of canaries.values()) {
    const mayRead = standing?.readsWhispers && standing.workspaceId === workspaceId;
    if (mayRead && (onlyFor === null || onlyFor === standing.id)) continue;
    if (!forms.some((form) => bytes.includes(form))) continue;
    if ([...saidOtherwise].some((said) => said.includes(text))) continue;
    found.push(`${receiver} was sent the whisper ${JSON.stringify(text)}`);
  }
}

/** What was found since the last call. */
export const takeFound = (): string[] => found.splice(0);

function sayOtherwise(value: unknown): void {
  if (typeof value === 'string' && value.length >= shortest) saidOtherwise.add(value);
  else if (value !== null && typeof value === 'object') for (const inner of Object.values(value)) sayOtherwise(inner);
}

/** As it is, escaped in JSON, and inside base64, where it may begin at any of three places. */
function formsOf(text: string): string[] {
  const inBase64 = [0, 1, 2].map((before) => {
    const whole = Buffer.from(' '.repeat(before) + text).toString('base64url');
    // The first and last groups of four depend on what stands around.
    return whole.slice(before === 0 ? 0 : 4, -4);
  });
  return [text, JSON.stringify(text).slice(1, -1), ...inBase64.filter((form) => form.length >= shortest)];
}
