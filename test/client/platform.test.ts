/** What the client uses of the platform that it runs on, and what it does where something is missing. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { fromBase64, onNetworkChange, onReturn, uniqueId } from '../../src/client/platform.js';
import { CLIENT_CALL_ID } from '../../src/limits.js';
import { ROOT } from '../support/process.js';

const CLIENT = join(ROOT, 'src/client');
/** Which globals a file may touch: all, or those named. */
const MAY_TOUCH: Readonly<Record<string, readonly string[] | 'all'>> = {
  'platform.ts': 'all',
  'time.ts': ['globalThis', 'Date'],
};

/** Names of the language that depend on nothing: what else is global is of the platform, or a clock. */
const LANGUAGE = new Set(['Array', 'Error', 'Infinity', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'Set']);
for (const name of ['RegExp', 'String', 'Symbol', 'Boolean', 'Uint8Array', 'WeakMap', 'WeakSet', 'undefined'])
  LANGUAGE.add(name);

/** Globals that a file uses as values: names that nothing in it declares, where a type would be gone at run time. */
function globalsOf(source: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const used = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isIdentifier(node) && !isProperty(node)) {
      const symbol = ts.isShorthandPropertyAssignment(node.parent)
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node);
      const declarations = symbol?.declarations ?? [];
      const own = declarations.some((declaration) => declaration.getSourceFile() === source);
      // Date.parse reads no clock.
      const parses = node.text === 'Date' && /^Date\.parse\(/.test(node.parent.parent.getText(source));
      if (!own && !LANGUAGE.has(node.text) && !parses) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...used].sort();
}

/** A name behind a dot, or before a colon, is nobody's global. */
function isProperty(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) return parent.name === node;
  return ts.isBindingElement(parent) && parent.propertyName === node;
}

function clientProgram(extra: Readonly<Record<string, string>> = {}): ts.Program {
  const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'] };
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  host.readFile = (name) => extra[name] ?? read(name);
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name in extra || exists(name);
  const files = readdirSync(CLIENT).filter((name) => name.endsWith('.ts'));
  return ts.createProgram([...files.map((name) => join(CLIENT, name)), ...Object.keys(extra)], options, host);
}

describe('globals of the platform', () => {
  const probe = join(CLIENT, 'probe.ts');
  const program = clientProgram({
    [probe]: `import { now } from './time.js';
      export const used = (navigator: { onLine: boolean }) => [navigator.onLine, now(), Date.parse('2026-01-01')];
      export const touched = { navigator, at: Date.now(), made: new Date(), timer: setTimeout(used, 1) };
      export const { crypto: { subtle } } = globalThis; export type Kept = Storage;`,
  });
  const checker = program.getTypeChecker();

  it('are touched in one file, and the clocks in another', () => {
    const wrong = readdirSync(CLIENT)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const may = MAY_TOUCH[name] ?? [];
        const touched = globalsOf(program.getSourceFile(join(CLIENT, name))!, checker);
        return may === 'all' ? [] : touched.filter((global) => !may.includes(global)).map((global) => [name, global]);
      });
    expect(wrong).toEqual([]);
  });

  it('are found where a file touches one', () => {
    expect(globalsOf(program.getSourceFile(probe)!, checker)).toEqual([
      'Date',
      'globalThis',
      'navigator',
      'setTimeout',
    ]);
  });

  it('have each a line in the table of what is done without', () => {
    const text = readFileSync(join(CLIENT, 'platform.ts'), 'utf8');
    const table = text.slice(0, text.indexOf('*/'));
    const used = globalsOf(program.getSourceFile(join(CLIENT, 'platform.ts'))!, checker);
    const named = [...used, 'crypto.getRandomValues', 'performance.now', 'visibilitychange'];
    expect(named.filter((name) => name !== 'globalThis' && !table.includes(name))).toEqual([]);
  });
});

describe('where something is missing', () => {
  const saved = new Map(
    (['crypto', 'atob', 'navigator'] as const).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]),
  );
  const without = (name: 'crypto' | 'atob' | 'navigator', value?: unknown): void =>
    void Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  afterEach(() => {
    for (const [name, descriptor] of saved) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete (globalThis as Record<string, unknown>)[name];
    }
  });

  it.each([
    ['crypto.randomUUID (a page on http:)', { getRandomValues: crypto.getRandomValues.bind(crypto) }],
    ['crypto altogether (React Native)', undefined],
  ])('ids are unique, and the service takes them, without %s', (_, present) => {
    without('crypto', present);
    const ids = Array.from({ length: 1_000 }, uniqueId);
    expect(ids.filter((id) => !CLIENT_CALL_ID.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(1_000);
  });

  it('base64 reads as unknown without atob', () => {
    expect(fromBase64('eyI=')).toBe('{"');
    expect(fromBase64('*')).toBeNull();
    without('atob');
    expect(fromBase64('eyI=')).toBeNull();
  });

  it('nothing is listened to without events of a page, and with them listening ends', () => {
    without('navigator');
    onNetworkChange(() => {})();
    onReturn(() => {})();
    const connection = Object.assign(new EventTarget(), { type: 'wifi' });
    without('navigator', { connection });
    let changes = 0;
    const end = onNetworkChange(() => (changes += 1));
    const become = (type: string): void => {
      connection.type = type;
      connection.dispatchEvent(new Event('change'));
    };
    become('wifi');
    expect(changes).toBe(0);
    become('cellular');
    expect(changes).toBe(1);
    end();
    become('wifi');
    expect(changes).toBe(1);
  });
});
