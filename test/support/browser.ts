import { existsSync } from 'node:fs';
import path from 'node:path';
import chromiumPackage from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

export interface FoundBrowser {
  readonly executablePath: string;
  readonly args: readonly string[];
}

const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge'];
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/opt/google/chrome/chrome',
];

/** An installed Chrome or Chromium (BROWSER_PATH names another), else the Chromium of an npm package (Linux only). */
export async function findBrowser(): Promise<FoundBrowser> {
  const onPath = (process.env.PATH ?? '')
    .split(path.delimiter)
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  const installed = [process.env.BROWSER_PATH ?? '', ...onPath, ...ELSEWHERE].find((file) => file && existsSync(file));
  // Chromium's own sandbox does not run as root.
  if (installed) return { executablePath: installed, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] };
  // A browser that keeps no origins apart sends none, and is refused.
  const args = chromiumPackage.args.filter((one) => one !== '--disable-web-security');
  return { executablePath: await chromiumPackage.executablePath(), args };
}

/** A headless browser; close it when done. */
export async function launchBrowser(): Promise<Browser> {
  const { executablePath, args } = await findBrowser();
  return chromium.launch({ executablePath, args: [...args], headless: true, chromiumSandbox: false });
}
