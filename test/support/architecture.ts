import { posix } from 'node:path';
import ts from 'typescript';

/** One file at the root of src, or one folder. */
export interface Area {
  readonly floor: 0 | 1 | 2 | 3 | 4 | 5;
  /** Packages that it may import; on the upper floors any. */
  readonly packages?: readonly string[];
  /** Areas of its own floor that it may import, beside those below. */
  readonly beside?: readonly string[];
}

export type Areas = Readonly<Record<string, Area>>;

export interface Import {
  readonly specifier: string;
  /** A type import is gone at run time; a dynamic one is loaded later, if ever. */
  readonly kind: 'static' | 'type' | 'dynamic';
}

/** Imports by file, as paths from src. */
export type Graph = ReadonlyMap<string, readonly Import[]>;

/** What a file of TypeScript imports, in the order of the text. */
export function importsOf(source: string): readonly Import[] {
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const typeOnly = ts.isImportDeclaration(node)
        ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
        : node.isTypeOnly;
      const specifier = node.moduleSpecifier;
      if (specifier && ts.isStringLiteral(specifier))
        imports.push({ specifier: specifier.text, kind: typeOnly ? 'type' : 'static' });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier && ts.isStringLiteral(specifier)) imports.push({ specifier: specifier.text, kind: 'dynamic' });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest));
  return imports;
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.');
const target = (file: string, specifier: string): string =>
  posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
const areaOf = (file: string): string => file.split('/')[0]?.replace(/\.ts$/, '') ?? '';
const packageOf = (specifier: string): string =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');

/** Imports that go up, sideways, to a package that the area has no business with, or nowhere. */
export function violations(graph: Graph, areas: Areas): readonly string[] {
  return [...graph].flatMap(([file, imports]) => {
    const own = areaOf(file);
    const area = areas[own];
    if (!area) return [`${file}: is on no floor`];
    return imports.flatMap(({ specifier }) => {
      if (!isRelative(specifier)) {
        const known = area.packages?.includes(packageOf(specifier)) ?? true;
        return known ? [] : [`${file}: ${specifier} is none of its packages`];
      }
      const to = target(file, specifier);
      const other = areaOf(to);
      if (!graph.has(to)) return [`${file}: ${specifier} is no file of src`];
      const floor = areas[other]?.floor ?? Infinity;
      const allowed = other === own || floor < area.floor || (floor === area.floor && area.beside?.includes(other));
      return allowed || floor === 0 ? [] : [`${file}: may not import ${to}`];
    });
  });
}

/** Files that load themselves by way of others, each cycle from its first file on. Types have no order to be loaded in. */
export function cycles(graph: Graph): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (path.includes(file) || done.has(file)) return;
    for (const { specifier, kind } of graph.get(file) ?? []) {
      if (isRelative(specifier) && kind !== 'type') visit(target(file, specifier), [...path, file]);
    }
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** Packages that are loaded as soon as a file is imported. */
export function packagesLoadedBy(entry: string, graph: Graph): ReadonlySet<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { specifier, kind } of graph.get(file) ?? []) {
      if (kind !== 'static') continue;
      if (isRelative(specifier)) visit(target(file, specifier));
      else packages.add(packageOf(specifier));
    }
  };
  visit(entry);
  return packages;
}
