import { registerEnumType } from './type-graphql.js';

/**
 * A GraphQL enum out of a list of the domain's words, each with its description: a word that is missing or not the
 * domain's does not compile.
 *
 * @returns what a field's type function gives back
 */
export function describeEnum<Word extends string>(
  name: string,
  description: string,
  words: Readonly<Record<Word, string>>,
): Readonly<Record<Word, Word>> {
  const values = Object.keys(words) as Word[];
  const enumeration = Object.fromEntries(values.map((word) => [word, word])) as Record<Word, Word>;
  const valuesConfig = Object.fromEntries(values.map((word) => [word, { description: words[word] }]));
  registerEnumType(enumeration, { name, description, valuesConfig: valuesConfig as never });
  return enumeration;
}
