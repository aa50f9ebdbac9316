import type { Config } from '../config.js';

const localhost = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** Whether a page of this origin may call the API and open sockets. A browser always says its origin to a socket. */
export function isOriginAllowed(config: Config, origin: string, host?: string): boolean {
  if (config.ALLOWED_ORIGINS?.includes(origin)) return true;
  if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return true;
  return config.ALLOWED_ORIGINS === undefined && !config.production && localhost.test(origin);
}
