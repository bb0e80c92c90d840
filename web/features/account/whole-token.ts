const LONGEST = 2_000;

/** Whether this can be what a letter held. The server takes no more either. */
export const isWholeToken = (token: string): boolean => /^[\w.-]+$/.test(token) && token.length <= LONGEST;
