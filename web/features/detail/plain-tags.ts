const TAG = /<(\/?)([a-z][a-z0-9-]*)\b((?:"[^"]*"|'[^']*'|[^<>"'])*)>?/gi;
const LINK = /\shref\s*=\s*("[^"]*"|'[^']*')/i;

/** HTML with only these tags, of which links alone keep where they lead. What is left still has to be cleaned. */
export const plainTags = (html: string, allowed: ReadonlySet<string>): string =>
  html.replace(TAG, (_, slash: string, name: string, rest: string) => {
    const tag = name.toLowerCase();
    if (!allowed.has(tag)) return '';
    const link = tag === 'a' && slash === '' ? (LINK.exec(rest)?.[0] ?? '') : '';
    return `<${slash}${tag}${link}>`;
  });
