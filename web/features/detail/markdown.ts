import DOMPurify from 'dompurify';
import { marked } from 'marked';
import { boxesIn } from './boxes.ts';
import { plainTags } from './plain-tags.ts';

const ALLOWED: ReadonlySet<string> = new Set(
  'p br b strong i em del s code pre blockquote ul ol li a h1 h2 h3 h4 h5 h6 hr table thead tbody tr th td input'.split(
    ' ',
  ),
);

/** Whether the boxes of the text at hand can be ticked. */
let canTick = false;

DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'A') {
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer nofollow');
  } else if (node.tagName === 'INPUT') {
    if (node.getAttribute('type') !== 'checkbox') return node.remove();
    node.toggleAttribute('disabled', !canTick);
    node.setAttribute('aria-label', ownText(node.closest('li')));
  }
});

/** The words of an item without those of the list below it. */
function ownText(item: Element | null): string {
  const own = item?.cloneNode(true) as Element | undefined;
  for (const list of own?.querySelectorAll('ul, ol') ?? []) list.remove();
  return own?.textContent?.trim() ?? '';
}

/**
 * Markdown as safe HTML: text, lists with boxes, links, code and tables; no pictures from elsewhere, no forms, no styles. Boxes
 * are in the order of `boxesIn`, and disabled where the two do not see the same ones.
 */
export function markdownToHtml(markdown: string): string {
  const options = { async: false, breaks: true, gfm: true } as const;
  const tokens = marked.lexer(markdown, options);
  const seen: boolean[] = [];
  marked.walkTokens(tokens, (token) => {
    // What will not be shown is not parsed either: a browser complains of a handler even where nobody will see it.
    if (token.type === 'html') token.text = plainTags(token.text, ALLOWED);
    if (token.type === 'list_item' && token.task) seen.push(token.checked === true);
  });
  canTick = JSON.stringify(seen) === JSON.stringify(boxesIn(markdown).map((box) => box.checked));
  return DOMPurify.sanitize(marked.parser(tokens, options), {
    ALLOWED_TAGS: [...ALLOWED],
    ALLOWED_ATTR: ['href', 'start', 'type', 'checked'],
    ADD_URI_SAFE_ATTR: ['start', 'type'],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel):/i,
  });
}
