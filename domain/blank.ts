/** Whether a text shows nothing: spaces, control characters, and what Unicode draws as nothing (zero-width, fillers). */
export const isBlank = (text: string): boolean => /^[\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);

/** The text without what is drawn as nothing and parts no words. */
export const withoutInvisible = (text: string): string => text.replace(/\p{Default_Ignorable_Code_Point}/gu, '');
