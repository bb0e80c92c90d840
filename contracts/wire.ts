import { z } from 'zod';
import { eventSchemas, schemaAddress } from './events/event.ts';
import { changesAnswerSchema, snapshotLineSchema } from './sync/changes.ts';
import { clientFrameSchema, serverFrameSchema } from './sync/frames.ts';
import { patches, pushAnswerSchema, pushSchema } from './sync/ops.ts';

/** Everything that crosses a wire, as JSON Schemas by file name. Committed in `generated/`; a test holds them together. */
export function wireSchemas(): Record<string, object> {
  const files: Record<string, object> = {};
  for (const [name, schema] of Object.entries(eventSchemas)) {
    files[`events/${name}.schema.json`] = {
      $id: schemaAddress(name as keyof typeof eventSchemas),
      ...jsonSchema(schema),
    };
  }
  const sync = {
    push: pushSchema,
    'push-answer': pushAnswerSchema,
    changes: changesAnswerSchema,
    'snapshot-line': snapshotLineSchema,
    'client-frame': clientFrameSchema,
    'server-frame': serverFrameSchema,
  };
  for (const [name, schema] of Object.entries(sync)) files[`sync/${name}.schema.json`] = jsonSchema(schema);
  files['sync/patches.schema.json'] = Object.fromEntries(
    Object.entries(patches).map(([kind, schema]) => [kind, jsonSchema(schema)]),
  );
  return files;
}

const jsonSchema = (schema: z.ZodType): object => z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
