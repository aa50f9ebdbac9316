import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

export interface ReceivedPush {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), 'utf8');

/** A real push service over https, with a certificate that this process trusts from then on. */
export class PushVendor {
  readonly pushes: ReceivedPush[] = [];
  /** what it answers, and where it sends one instead */
  mood: (path: string) => { status: number; location?: string } = () => ({ status: 201 });

  private constructor(private readonly server: Server) {}

  static async start(): Promise<PushVendor> {
    const cert = pem('pushVendor.certificate');
    setDefaultCACertificates([...getCACertificates('default'), cert]);
    const server = createServer({ cert, key: pem('pushVendor.key') });
    const vendor = new PushVendor(server);
    server.on('request', async (request, response) => {
      const path = request.url!;
      vendor.pushes.push({ path, headers: request.headers, body: await buffer(request) });
      const { status, location } = vendor.mood(path);
      response.writeHead(status, location ? { location } : {}).end('x'.repeat(100_000));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return vendor;
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A browser that has subscribed here. */
  browser(name: string): Browser {
    return new Browser(`${this.origin}/${name}`);
  }

  at({ endpoint }: Browser): ReceivedPush[] {
    return this.pushes.filter(({ path }) => endpoint.endsWith(path));
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** A browser's side of RFC 8291: it holds the private key, and reads what was written to it. */
export class Browser {
  private readonly keys = createECDH('prime256v1');
  private readonly secret = randomBytes(16);

  constructor(readonly endpoint: string) {
    this.keys.generateKeys();
  }

  get subscription() {
    return {
      endpoint: this.endpoint,
      p256dh: this.keys.getPublicKey('base64url'),
      auth: this.secret.toString('base64url'),
    };
  }

  read({ body }: ReceivedPush): unknown {
    const salt = body.subarray(0, 16);
    const keyEnd = 21 + body[20]!;
    const sender = body.subarray(21, keyEnd);
    const derive = (key: Uint8Array, from: Uint8Array, info: Uint8Array, length: number) =>
      Buffer.from(hkdfSync('sha256', key, from, info, length));
    const about = Buffer.concat([Buffer.from('WebPush: info\0'), this.keys.getPublicKey(), sender]);
    const shared = derive(this.keys.computeSecret(sender), this.secret, about, 32);
    const key = derive(shared, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = derive(shared, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
    const cipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(body.subarray(-16));
    const padded = Buffer.concat([cipher.update(body.subarray(keyEnd, -16)), cipher.final()]);
    return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString());
  }
}
