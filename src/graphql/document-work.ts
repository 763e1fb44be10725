import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

/**
 * How much work it is to see that the selections of a document can be merged (GraphQL, section 5.3.2): one for each
 * selection, and one for each pair under the same name in the same place. Fragments count wherever they are spread.
 *
 * graphql-js compares such pairs one by one. This counts them, and stops at the limit: it costs no more than that.
 *
 * @returns the work, or a number above the limit
 */
export function workOf(document: DocumentNode, limit: number): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  /** Selection sets that are merged with each other. */
  const places: SelectionSetNode[][] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if ('selectionSet' in definition) places.push([definition.selectionSet]);
  }

  let work = 0;
  for (let sets = places.pop(); sets; sets = places.pop()) {
    const fields = new Map<string, { count: number; sets: SelectionSetNode[] }>();
    const spread = new Set<string>();
    for (const { selections } of sets) {
      for (const selection of selections) {
        work += 1;
        if (selection.kind === Kind.FIELD) {
          const name = (selection.alias ?? selection.name).value;
          const same = fields.get(name) ?? { count: 0, sets: [] };
          work += same.count;
          same.count += 1;
          if (selection.selectionSet) same.sets.push(selection.selectionSet);
          fields.set(name, same);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          sets.push(selection.selectionSet);
        } else {
          const fragment = fragments.get(selection.name.value);
          // The same fragment twice adds nothing; different ones are compared with each other.
          if (!fragment || spread.has(selection.name.value)) continue;
          work += spread.size;
          spread.add(selection.name.value);
          sets.push(fragment.selectionSet);
        }
        if (work > limit) return work;
      }
    }
    for (const same of fields.values()) if (same.sets.length > 0) places.push(same.sets);
  }
  return work;
}
