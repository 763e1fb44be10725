import type { z } from 'zod';
import { MalformedAnswer } from './callback.js';

/** @throws MalformedAnswer naming the fields that are wrong, and none of their values */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue && issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
  throw new MalformedAnswer(`${where}${issue?.message ?? 'cannot be used'}`);
}
