import { createHash } from 'node:crypto';
import { request } from 'node:https';
import { RequestFilteringHttpsAgent } from 'request-filtering-agent';
import webPush from 'web-push';
import type { PushService, PushTarget } from './PushService.js';

const sendMs = 10_000;
/** What a browser has not fetched by then is no news any more. */
const keptSeconds = 24 * 3600;
const gone = [404, 410];

interface VapidDetails {
  subject: string;
  publicKey: string;
  privateKey: string;
}

/**
 * Web push with VAPID. The address comes from a client: private addresses are refused when connecting, after the name was
 * looked up, redirects are not followed, and nothing of an answer is read but its status.
 */
export class WebPush implements PushService {
  private readonly agent: RequestFilteringHttpsAgent;

  constructor(
    private readonly vapidDetails: VapidDetails,
    allowPrivateAddresses: boolean,
  ) {
    this.agent = new RequestFilteringHttpsAgent({ allowPrivateIPAddress: allowPrivateAddresses });
  }

  get publicKey(): string {
    return this.vapidDetails.publicKey;
  }

  async send(
    { endpoint, p256dh, auth }: PushTarget,
    payload: string,
    topic: string,
    signal: AbortSignal,
  ): Promise<{ isGone: boolean }> {
    const { headers, body } = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payload, {
      vapidDetails: this.vapidDetails,
      TTL: keptSeconds,
      topic: createHash('sha256').update(topic).digest('base64url').slice(0, 32),
    });
    const status = await this.post(endpoint, headers, body, AbortSignal.any([signal, AbortSignal.timeout(sendMs)]));
    if (gone.includes(status)) return { isGone: true };
    if (status < 200 || status > 299) throw new Error(`The push service answered ${status}`);
    return { isGone: false };
  }

  private post(endpoint: string, headers: webPush.Headers, body: Buffer | null, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const sending = request(endpoint, { method: 'POST', headers, agent: this.agent, signal }, (response) => {
        resolve(response.statusCode!);
        response.destroy();
      });
      sending.on('error', reject);
      sending.end(body);
    });
  }
}
