import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Deeper than any options are. */
const DEPTH = 6;
const PLAIN =
  ts.TypeFlags.StringLike |
  ts.TypeFlags.NumberLike |
  ts.TypeFlags.BooleanLike |
  ts.TypeFlags.Any |
  ts.TypeFlags.Unknown;

/**
 * Every function that a host can give to what these modules export, by the path to it, as `createWebhook.onFailure` or
 * `createCallSignaling.events.emit`; functions given to what an exported function returns, too.
 *
 * @param modules paths below the root of the project
 */
export function functionsGivenTo(modules: readonly string[]): readonly string[] {
  const names = modules.map((module) => `${ROOT}${module}`);
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(names, { ...options, noEmit: true, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const found = new Set<string>();

  const isOurs = (symbol: ts.Symbol | undefined): boolean =>
    symbol?.declarations?.some((each) => each.getSourceFile().fileName.startsWith(`${ROOT}src/`)) ?? false;

  function walk(type: ts.Type, path: string, above: readonly ts.Type[]): void {
    for (const part of type.isUnionOrIntersection() ? type.types : [type]) {
      if (part.flags & PLAIN || above.includes(part) || above.length > DEPTH) continue;
      if (part.getCallSignatures().length > 0) found.add(path);
      else if (checker.isArrayType(part) || checker.isTupleType(part)) {
        for (const element of checker.getTypeArguments(part as ts.TypeReference)) walk(element, path, [...above, part]);
      } else {
        for (const property of part.getProperties()) {
          if (isOurs(property)) walk(checker.getTypeOfSymbol(property), `${path}.${property.name}`, [...above, part]);
        }
      }
    }
  }

  /** Options are the one parameter of most: its name is left out. */
  function walkSignatures(type: ts.Type, path: string, isReturned: boolean): void {
    for (const signature of type.getCallSignatures()) {
      for (const parameter of signature.parameters) {
        const own = ['options', 'own'].includes(parameter.name) ? path : `${path}.${parameter.name}`;
        walk(checker.getTypeOfSymbol(parameter), own, []);
      }
      if (isReturned) continue;
      for (const method of signature.getReturnType().getProperties()) {
        if (isOurs(method)) walkSignatures(checker.getTypeOfSymbol(method), `${path}().${method.name}`, true);
      }
    }
  }

  for (const name of names) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(name) ?? fail(name));
    for (const exported of module ? checker.getExportsOfModule(module) : fail(name)) {
      const { flags } = exported;
      const symbol = flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (symbol.flags & ts.SymbolFlags.Value) walkSignatures(checker.getTypeOfSymbol(symbol), exported.name, false);
    }
  }
  return [...found].sort();
}

function fail(name: string): never {
  throw new Error(`${name} is no module of the project`);
}
