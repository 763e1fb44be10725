import { printSubgraphSchema } from '@apollo/subgraph';
import { buildSubgraph } from './schema.js';

/** The text of schema/schema.graphql: the subgraph's SDL with the uses of its directives. */
export function printSchemaFile(): string {
  return printSubgraphSchema(buildSubgraph());
}
