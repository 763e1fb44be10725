import ts from 'typescript';

/** Something in a source file that can grow: a collection, or an array that is pushed to. */
export interface Held {
  /** The variable, field or property that holds it; of several of one name in a file each counts alike. */
  readonly name: string;
  readonly kind: 'Map' | 'Set' | 'WeakMap' | 'WeakSet' | 'cache' | 'array';
}

const COLLECTIONS = ['Map', 'Set', 'WeakMap', 'WeakSet'] as const;
/** Classes of packages that keep things, and functions of ours that make such. */
const CACHES = /^(Keyv|LRUCache|DataLoader|InMemoryLRUCache|EventEmitter)$/;
/** Of these an array is fuller after than before. */
const GROWS = ['push', 'unshift', 'splice'];

/** Functions in which something that is made lives no longer than the call: told by it being a local that is never captured. */
function isShortLived(node: ts.Node): boolean {
  const declared = node.parent;
  if (!ts.isVariableDeclaration(declared) || !ts.isIdentifier(declared.name)) return false;
  const owner = enclosing(declared);
  if (owner === null) return false;
  const { text } = declared.name;
  let escapes = false;
  const visit = (inner: ts.Node, depth: number): void => {
    const deeper = depth + (ts.isFunctionLike(inner) && inner !== owner ? 1 : 0);
    // A function within that uses it may outlive the call, unless it is given to a call and no more.
    if (ts.isIdentifier(inner) && inner.text === text && depth > 0 && !isCallback(inner, owner)) escapes = true;
    ts.forEachChild(inner, (child) => visit(child, deeper));
  };
  visit(owner, 0);
  return !escapes;
}

function enclosing(node: ts.Node): ts.SignatureDeclaration | null {
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) if (ts.isFunctionLike(at)) return at;
  return null;
}

/** Every function between the use and the owner is an argument of a call, such as that of `map`. */
function isCallback(use: ts.Node, owner: ts.Node): boolean {
  for (let at = use.parent; at !== owner; at = at.parent)
    if (ts.isFunctionLike(at) && !ts.isCallExpression(at.parent)) return false;
  return true;
}

function nameOf(node: ts.Node): string | null {
  for (let at = node.parent; at && !ts.isSourceFile(at); at = at.parent) {
    if ((ts.isVariableDeclaration(at) || ts.isPropertyDeclaration(at) || ts.isPropertyAssignment(at)) && at.name)
      return at.name.getText();
    if (ts.isBinaryExpression(at) && at.operatorToken.kind === ts.SyntaxKind.EqualsToken)
      return at.left.getText().replace(/^this\./, '');
    if (ts.isFunctionLike(at)) return null;
  }
  return null;
}

/** What a source file makes that lives on and can grow. What a function makes for itself goes with it. */
export function heldBy(source: string): readonly Held[] {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true);
  const grown = new Set<string>();
  const note = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      if (GROWS.includes(name.text)) grown.add(expression.getText().split('.').at(-1) ?? '');
    }
    ts.forEachChild(node, note);
  };
  note(file);
  const found = new Map<string, Held>();
  const add = (node: ts.Node, kind: Held['kind']): void => {
    const name = nameOf(node);
    if (name !== null && !isShortLived(node)) found.set(name, { name, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node)) {
      const made = node.expression.getText();
      const collection = COLLECTIONS.find((kind) => kind === made);
      // A collection that is made full, once, and never added to is a table.
      if (collection && !isTable(node, source)) add(node, collection);
      else if (CACHES.test(made)) add(node, 'cache');
    }
    if (ts.isArrayLiteralExpression(node) && node.elements.length === 0 && grown.has(nameOf(node) ?? ''))
      add(node, 'array');
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...found.values()];
}

function isTable(node: ts.NewExpression, source: string): boolean {
  const name = nameOf(node);
  if (!node.arguments?.length || name === null) return false;
  const escaped = name.replace(/[#$]/g, '\\$&');
  return !new RegExp(`${escaped}\\)?\\??\\.(set|add)\\(`).test(source);
}
