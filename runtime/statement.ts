import type { Statement } from './runtime.ts';

const names = new Map<string, string>();
const schemas = ['auth', 'tasks', 'recurring', 'notification', 'audit'];

/**
 * Declares the statements of one service. A statement that names another service's schema is refused where it is
 * declared; the database role has no grant there either. One without a name is of a text made at run time: never kept
 * prepared, for there may be any number of them.
 */
export function statementsOf<Owner extends string>(owner: Owner) {
  const foreign = schemas.filter((schema) => schema !== owner).map((schema) => new RegExp(`\\b${schema}\\.[a-z_"]`));
  return <Row = never>(name: string, text: string): Statement<Owner, Row> => {
    const full = name && `${owner}_${name}`;
    const known = names.get(full);
    if (full && known !== undefined && known !== text) throw new Error(`Two statements are called ${full}.`);
    if (foreign.some((pattern) => pattern.test(text)))
      throw new Error(`${full || text} touches another service's tables.`);
    if (full) names.set(full, text);
    return { owner, name: full, text };
  };
}
