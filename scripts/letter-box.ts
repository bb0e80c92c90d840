// Beside `npm run dev`: a mail server on loopback that lays every letter into a folder as a page to look at, and says where.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startSmtpSink, type Taken, wordsOf } from '../test/support/smtp-sink.ts';

const folder = path.resolve(process.argv[2] ?? 'data/letters');
mkdirSync(folder, { recursive: true });
const sink = await startSmtpSink();
process.send?.({ url: sink.url });
let laid = 0;
setInterval(() => {
  for (const letter of sink.taken.slice(laid)) {
    laid++;
    const file = path.join(folder, `${new Date().toISOString().replaceAll(/[:.]/g, '')}-${laid}.html`);
    writeFileSync(file, pageOf(letter));
    console.log(`A letter to ${letter.to}, “${letter.subject}”: ${file}`);
  }
}, 200);

/** The part that a mail program shows. */
function pageOf(letter: Taken): string {
  const text = Buffer.from(wordsOf(letter), 'latin1').toString('utf8');
  const html = text.slice(text.search(/<!doctype html>/i));
  return html.slice(0, html.lastIndexOf('</html>') + '</html>'.length);
}
