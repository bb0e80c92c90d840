import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';

/** What the program said no with, or that it cannot be reached. */
export class Refused extends Error {}

const socketPath = (): string => join(resolve(process.env.DATA_DIR || './data'), 'operator.sock');

/** Asks the program that runs on this data folder, as its operator. @throws Refused */
export function ask<Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
  const socket = socketPath();
  if (!existsSync(socket))
    throw new Refused(
      `No TaskMaster runs on ${socket.replace(/\/operator\.sock$/, '')}. Start it first, or name its folder by DATA_DIR.`,
    );
  return new Promise((answered, refused) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request({ socketPath: socket, method, path, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const said = parse(Buffer.concat(parts).toString());
        if ((answer.statusCode ?? 500) < 300) answered(said as Answer);
        else refused(new Refused(wordsOf(said)));
      });
    });
    asked.on('error', (error: NodeJS.ErrnoException) =>
      refused(
        new Refused(
          error.code === 'EACCES'
            ? 'Not yours to do: the socket belongs to whoever started TaskMaster.'
            : `TaskMaster does not answer (${error.code}). Is it running?`,
        ),
      ),
    );
    asked.end(text);
  });
}

function wordsOf(problem: unknown): string {
  const { title, detail } = problem as { title?: string; detail?: string };
  return detail ?? title ?? 'TaskMaster refused, and did not say why.';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
