/** A browser that wants to be told, as it described itself. */
export interface PushTarget {
  endpoint: string;
  p256dh: string;
  auth: string;
}

/** Whoever brings a few words to a browser that is not looking. */
export interface PushService {
  /** what a browser must know to subscribe */
  readonly publicKey: string;
  /** `isGone`: the browser has unsubscribed for good. `topic`: one that still waits with the same is replaced. Whatever
   * may pass is thrown. */
  send(target: PushTarget, payload: string, topic: string, signal: AbortSignal): Promise<{ isGone: boolean }>;
}
