import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { Problem } from '@taskmaster/contracts/problems';
import type { Http } from './server.ts';
import { sendProblem } from './server.ts';

/** The hashes of the inline scripts that the built pages hold, for the Content-Security-Policy: nothing else runs inline. */
export function inlineScriptHashes(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const hashes = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.html')) continue;
    const html = readFileSync(join(folder, file), 'utf8');
    for (const [, script] of html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)) {
      hashes.add(
        `'sha256-${createHash('sha256')
          .update(script ?? '')
          .digest('base64')}'`,
      );
    }
  }
  return [...hashes];
}

/**
 * The built page at `/`; its own addresses (`/today`, `/project/…`) all answer the one page. What is nobody's is a 404, or a 405.
 * Without a folder there is no page here.
 */
export function pageRoutes(http: Http, folder: string | undefined): void {
  const built = folder !== undefined && existsSync(join(folder, 'index.html'));
  if (built)
    http.register(fastifyStatic, {
      root: folder,
      wildcard: false,
      setHeaders: (response, path) => {
        response.setHeader(
          'cache-control',
          path.includes('/_next/static/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        );
      },
    });
  const page = built ? readFileSync(join(folder, 'index.html'), 'utf8') : '';
  http.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const isPage =
      built &&
      (request.method === 'GET' || request.method === 'HEAD') &&
      !/^\/(api|ws|_next)(\/|$)/.test(path) &&
      !/\.\w+$/.test(path);
    if (isPage) return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(page);
    const allowed = ['GET', 'POST', 'PATCH', 'DELETE'].filter(
      (method) => method !== request.method && http.findRoute({ method: method as 'GET', url: path }),
    );
    if (allowed.length === 0) return sendProblem(request, reply, new Problem('not_found'));
    return sendProblem(request, reply.header('allow', allowed.join(', ')), new Problem('method_not_allowed'));
  });
}
