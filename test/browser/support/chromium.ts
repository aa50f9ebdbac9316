import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const named = process.env.CHROMIUM;
const executablePath = named ?? '/usr/bin/chromium';

/** Whether there is a Chromium to test with. One that CHROMIUM names is taken to exist, so that a typing error shows. */
export const hasChromium = named !== undefined || existsSync(executablePath);

/** Starts a headless Chromium that asks nobody outside this machine for anything. */
export function launchChromium() {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
