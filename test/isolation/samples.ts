import { v7 } from 'uuid';
import type { OpenApi, Schema } from './operations.ts';

/** The way to a place inside a value: into a field, into the first of a list, into one of several forms. */
export type Step = { key: string } | { first: true } | { form: number };
export interface Place {
  steps: readonly Step[];
  schema: Schema;
}

/** What a schema cannot say of a field, by its name. */
const MEANT: Record<string, unknown> = {
  rule: 'FREQ=DAILY',
  title: 'plain words',
  text: 'plain words',
  name: 'plain words',
  email: 'nobody@example.test',
  due_date: '2031-05-06',
  starts_on: '2031-05-06',
  due_after: '2031-05-06',
  due_before: '2031-05-06',
  until: '2031-05-06T07:00:00Z',
  at: '2031-05-06T07:00:00Z',
  expires_at: '2099-05-06T07:00:00Z',
  due_time: '09:00',
  day_start: '05:00',
  from: '22:00',
  to: '07:00',
  due_zone: 'Europe/Vienna',
  time_zone: 'Europe/Vienna',
  slot: null,
  schema: 1,
  /** One or the other. */
  when: { minutes_before: 5, at: null },
};

const DEEPEST = 8;

export function resolved(schema: Schema, document: OpenApi): Schema {
  if (!schema.$ref) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  return resolved(document.components.schemas[name] ?? {}, document);
}

/** A value that the schema takes, as small as can be, with something at a place of it. */
export function sample(
  schema: Schema,
  document: OpenApi,
  put?: { steps: readonly Step[]; value: unknown },
  name = '',
): unknown {
  const [step, ...further] = put?.steps ?? [];
  if (put && !step) return put.value;
  const inner = put && { steps: further, value: put.value };
  const of = resolved(schema, document);
  const forms = of.anyOf ?? of.oneOf;
  if (forms) {
    const form = step && 'form' in step ? forms[step.form] : forms[0];
    return sample(form ?? {}, document, step && 'form' in step ? inner : undefined, name);
  }
  if (isOf(of, 'object')) {
    if (!put && name in MEANT) return MEANT[name];
    const wanted = new Set(of.required ?? []);
    if (step && 'key' in step) wanted.add(step.key);
    return Object.fromEntries(
      [...wanted].map((key) => [
        key,
        sample(
          of.properties?.[key] ?? {},
          document,
          step && 'key' in step && step.key === key ? inner : undefined,
          key,
        ),
      ]),
    );
  }
  if (isOf(of, 'array')) {
    const isIn = step !== undefined && 'first' in step;
    return isIn || (of.minItems ?? 0) > 0 ? [sample(of.items ?? {}, document, isIn ? inner : undefined, name)] : [];
  }
  return leaf(of, name);
}

function leaf(schema: Schema, name: string): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (isId(schema)) return v7();
  if (isOf(schema, 'integer') || isOf(schema, 'number')) return MEANT[name] ?? Math.max(1, schema.minimum ?? 1);
  if (isOf(schema, 'boolean')) return true;
  if (schema.pattern === '^[0-9A-Za-z]{1,200}$') return 'a0';
  if (isOf(schema, 'string')) return MEANT[name] ?? 'words';
  return null;
}

/** Every place where a value without parts stands, at any depth. */
export function leaves(schema: Schema, document: OpenApi, steps: readonly Step[] = []): Place[] {
  const of = resolved(schema, document);
  if (steps.length > DEEPEST) return [];
  const forms = of.anyOf ?? of.oneOf;
  if (forms) return forms.flatMap((form, index) => leaves(form, document, [...steps, { form: index }]));
  if (isOf(of, 'object'))
    return Object.entries(of.properties ?? {}).flatMap(([key, field]) => leaves(field, document, [...steps, { key }]));
  if (isOf(of, 'array')) return leaves(of.items ?? {}, document, [...steps, { first: true }]);
  return [{ steps, schema: of }];
}

/** Every place where an object stands, at any depth: where a field could be that nobody asked for. */
export function objects(schema: Schema, document: OpenApi, steps: readonly Step[] = []): Place[] {
  const of = resolved(schema, document);
  if (steps.length > DEEPEST) return [];
  const forms = of.anyOf ?? of.oneOf;
  if (forms) return forms.flatMap((form, index) => objects(form, document, [...steps, { form: index }]));
  if (isOf(of, 'array')) return objects(of.items ?? {}, document, [...steps, { first: true }]);
  if (!isOf(of, 'object')) return [];
  const below = Object.entries(of.properties ?? {}).flatMap(([key, field]) =>
    objects(field, document, [...steps, { key }]),
  );
  return [{ steps, schema: of }, ...below];
}

/** Also where an id is one of several forms. */
export const isId = (schema: Schema): boolean => schema.pattern?.startsWith('^[0-9a-f]{8}-') ?? false;
const isOf = ({ type }: Schema, wanted: string): boolean =>
  Array.isArray(type) ? type.includes(wanted) : type === wanted;

export const nameOf = (steps: readonly Step[]): string =>
  steps.flatMap((step) => ('key' in step ? [step.key] : 'first' in step ? ['0'] : [])).join('.');
