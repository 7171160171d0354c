import { isBuiltin } from 'node:module';
import { dirname, extname, join } from 'node:path';
import ts from 'typescript';

/** What may stay although it cannot be known, or is not there; each with its reason. */
const known: ReadonlySet<string> = new Set([
  // yargs' reading of a file with configuration: certmend gives it none.
  'chunks/cli-yargs.cjs: require2(path)',
  'chunks/cli-yargs.cjs: mixin2.require(resolvedConfigPath)',
  'chunks/cli-yargs.cjs: _shim.require(config.extends)',
  // In package.json of winston, which reads its own version from it.
  'chunks/audit-winston-audit.cjs: "./lib/winston.js"',
]);

/**
 * Looks through the files of a program for whatever would be loaded and is not there: calls of `require` under any name
 * and by any way to it, imports, and any text that reads like the path of a module beside it. A bundler sees the
 * spellings that it knows; one that it did not know made a program that crashed on half of all nodes.
 *
 * @param directory of the program
 * @param files path of each file that will be in it, with its text
 * @throws Error that lists everything
 */
export function checkProgram(directory: string, files: ReadonlyMap<string, string>): void {
  const faults = [...files].flatMap(([path, text]) => (extname(path) === '.cjs' ? faultsIn(path, text) : []));
  if (faults.length > 0) throw new Error(`the program would load what is not in it:\n  ${faults.join('\n  ')}`);

  function faultsIn(path: string, text: string): readonly string[] {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
    const found: string[] = [];
    const file = path.slice(directory.length + 1);
    const tell = (node: ts.Node, what: string): void => {
      if (known.has(`${file}: ${node.getText(source)}`)) return;
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push(`${file}:${String(line + 1)}: ${what}`);
    };
    const isThere = (name: string): boolean =>
      name.startsWith('.') ? files.has(join(dirname(path), name)) : isBuiltin(name);
    const visit = (node: ts.Node): void => {
      if (ts.isConditionalExpression(node) && node.condition.kind === ts.SyntaxKind.FalseKeyword) {
        visit(node.whenFalse);
        return;
      }
      if (ts.isStringLiteralLike(node) && readsLikeModule(node.text) && !isThere(node.text))
        tell(node, `${node.text} is no file of the program`);
      if (ts.isCallExpression(node) && loads(node.expression)) {
        const [name] = node.arguments;
        if (name !== undefined && !ts.isStringLiteralLike(name)) {
          if (!isOwnPlace(node)) tell(node, `what ${node.getText(source).slice(0, 80)} loads cannot be known`);
        } else if (name !== undefined && !readsLikeModule(name.text) && !isThere(name.text)) {
          tell(node, `${name.text} is neither a file of the program nor a module of the runtime`);
        }
      }
      if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
        tell(node, 'is an import of ES modules, and the program is CommonJS');
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }
}

function readsLikeModule(text: string): boolean {
  return /^\.\.?\/[^\s*]*\.(?:[cm]?js|json|node)$/.test(text);
}

/** Is it `require`, `__require`, `(0, x.require2)`, `require.resolve`, `createRequire(…)`, `import`? */
function loads(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  const path = namesOf(callee);
  const last = path.at(-1) === 'resolve' ? path.at(-2) : path.at(-1);
  return last !== undefined && /^_*(?:create)?require\d*$/i.test(last);
}

function namesOf(expression: ts.Expression): readonly string[] {
  if (ts.isIdentifier(expression)) return [expression.text];
  if (ts.isPropertyAccessExpression(expression)) return [...namesOf(expression.expression), expression.name.text];
  if (ts.isElementAccessExpression(expression) && ts.isStringLiteralLike(expression.argumentExpression))
    return [...namesOf(expression.expression), expression.argumentExpression.text];
  if (ts.isParenthesizedExpression(expression)) return namesOf(expression.expression);
  if (ts.isBinaryExpression(expression)) return namesOf(expression.right);
  return ts.isCallExpression(expression) ? namesOf(expression.expression) : [];
}

/** `createRequire` of the file's own address: it loads nothing yet. */
function isOwnPlace({ expression, arguments: [argument] }: ts.CallExpression): boolean {
  return (
    namesOf(expression).at(-1) === 'createRequire' &&
    argument !== undefined &&
    ts.isIdentifier(argument) &&
    argument.text === 'moduleUrl'
  );
}
