import { appendFileSync } from 'node:fs';

/** For whoever watches, and for the end of `npm run proof`. */
export function say(text: string): void {
  console.log(text);
  if (process.env.PROOF_FILE) appendFileSync(process.env.PROOF_FILE, `${text}\n\n`);
}

/** A counterexample with its trail, if there is one. */
export function sayIfAny(lines: readonly string[]): void {
  if (lines.length > 0) say(lines.join('\n'));
}
