/** How large what people write may be: for the server, and for the page before it promises anything. */
export const limits = { title: 500, notes_bytes: 32_768, name: 120, tag: 60, tags: 50 } as const;

/** In UTF-8. */
export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
