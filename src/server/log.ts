import { type Logger, pino } from 'pino';
import type { Config } from '../config.js';

/** JSON lines, one per event, so that no input can forge one; coloured text in a terminal. Tokens are never logged. */
export function createLog({ LOG_LEVEL, LOG_PRETTY }: Config): Logger {
  const pretty = LOG_PRETTY ?? process.stdout.isTTY;
  return pino({
    level: LOG_LEVEL,
    redact: ['authorization', '*.authorization', '*.password', '*.token'],
    ...(pretty && {
      transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss' } },
    }),
  });
}
