import { appendFileSync } from 'node:fs';

/** For whoever watches, and for the end of `npm run proof`. */
export function say(text: string): void {
  console.log(text);
  if (process.env.PROOF_FILE) appendFileSync(process.env.PROOF_FILE, `${text}\n\n`);
}
