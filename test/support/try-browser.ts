// Ends with 0 when a browser can be started here.
import { launchBrowser } from './browser.ts';

const browser = await launchBrowser();
await browser.close();
