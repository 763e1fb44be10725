import type { GraphQLError } from 'graphql';
import type { Path } from './plan-values.js';

/** The errors of one answer, made with the first one. */
export class AnswerErrors {
  readonly told: GraphQLError[] = [];
  /** Positions that an error has made null: what goes wrong below them is not told any more. */
  readonly #nulled = new Set<Path | undefined>();

  /** @param path what the error makes null; undefined: the whole answer */
  add(error: GraphQLError, path: Path | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#nulled.has(at)) return;
    if (this.#nulled.has(undefined)) return;
    this.#nulled.add(path);
    this.told.push(error);
  }
}
