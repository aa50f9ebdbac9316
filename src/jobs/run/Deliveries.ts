import type { Logger } from 'pino';
import type { Mailer } from '../../adapters/Mailer.js';
import type { PushService } from '../../adapters/PushService.js';
import type { Tokens } from '../../auth/Tokens.js';
import type { Links } from '../../links.js';

/** What the handlers that send need of the outside; null: not configured. */
export interface Deliveries {
  mailer: Mailer | null;
  push: PushService | null;
  links: Links;
  tokens: Tokens;
  log: Logger;
}
