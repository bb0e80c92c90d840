import { expect, test } from 'vitest';
import { plainTags } from './plain-tags.ts';

const allowed = new Set(['b', 'a', 'br', 'p']);

test.each([
  ['<img src=x onerror=alert(1)>', ''],
  ['a <b onclick="x()" style=\'color: red\'>bold</B> word', 'a <b>bold</b> word'],
  ['<a href="https://a.example" onmouseover=x>there</a>', '<a href="https://a.example">there</a>'],
  ['<br/><script>alert(1)</script>', '<br>alert(1)'],
  ['<img title="a > b" onerror=x>after', 'after'],
  ['<img onerror=x', ''],
  ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
])('%s', (html, plain) => {
  expect(plainTags(html, allowed)).toBe(plain);
});
