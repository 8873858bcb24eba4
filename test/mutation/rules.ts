/** The rules: which changes a piece of syntax invites. Each is a mistake that a person could make, and that a test should notice. */
import ts from "typescript";
import { isSentence, regexChanges } from "./texts.ts";

export interface Change {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

const K = ts.SyntaxKind;
type Swap = readonly [kind: string, ...instead: readonly string[]];

/** An operator, and what stands in its place: the boundary moved, the question turned round, the neighbour taken. */
const OPERATORS: ReadonlyMap<ts.SyntaxKind, Swap> = new Map<ts.SyntaxKind, Swap>([
  [K.LessThanToken, ["comparison", "<=", ">="]],
  [K.LessThanEqualsToken, ["comparison", "<", ">"]],
  [K.GreaterThanToken, ["comparison", ">=", "<="]],
  [K.GreaterThanEqualsToken, ["comparison", ">", "<"]],
  [K.EqualsEqualsEqualsToken, ["comparison", "!=="]],
  [K.ExclamationEqualsEqualsToken, ["comparison", "==="]],
  [K.EqualsEqualsToken, ["comparison", "!="]],
  [K.ExclamationEqualsToken, ["comparison", "=="]],
  [K.PlusToken, ["arithmetic", "-"]],
  [K.MinusToken, ["arithmetic", "+"]],
  [K.AsteriskToken, ["arithmetic", "/"]],
  [K.SlashToken, ["arithmetic", "*"]],
  [K.PercentToken, ["arithmetic", "*"]],
  [K.AsteriskAsteriskToken, ["arithmetic", "*"]],
  [K.AmpersandToken, ["bitwise", "|"]],
  [K.BarToken, ["bitwise", "&"]],
  [K.CaretToken, ["bitwise", "&"]],
  [K.LessThanLessThanToken, ["bitwise", ">>"]],
  [K.GreaterThanGreaterThanToken, ["bitwise", "<<"]],
  [K.PlusEqualsToken, ["assignment", "-="]],
  [K.MinusEqualsToken, ["assignment", "+="]],
  [K.AmpersandEqualsToken, ["assignment", "|="]],
  [K.BarEqualsToken, ["assignment", "&="]],
  [K.QuestionQuestionEqualsToken, ["assignment", "="]],
]);
const LOGICAL: ReadonlyMap<ts.SyntaxKind, string> = new Map<ts.SyntaxKind, string>([
  [K.AmpersandAmpersandToken, "||"],
  [K.BarBarToken, "&&"],
  [K.QuestionQuestionToken, "&&"],
]);
const isLogical = (of: ts.Expression): boolean => ts.isBinaryExpression(of) && LOGICAL.has(of.operatorToken.kind);
/** Steps of a chain that hand on something of the same kind: left out, the chain still runs. */
const STEPS = [
  "toUpperCase",
  "toLowerCase",
  "trim",
  "padStart",
  "padEnd",
  "reverse",
  "slice",
  "subarray",
  "filter",
  "replaceAll",
];
const METHODS: ReadonlyMap<string, string> = new Map([
  ["min", "max"],
  ["max", "min"],
  ["some", "every"],
  ["every", "some"],
  ["startsWith", "endsWith"],
]);

export function changesOf(node: ts.Node, source: ts.SourceFile): readonly Change[] {
  const text = (of: ts.Node): string => of.getText(source);
  const instead = (kind: string, replacement: string, of: ts.Node = node): Change => ({
    kind,
    start: of.getStart(source),
    end: of.end,
    replacement,
  });
  const truth = (of: ts.Expression, ...values: readonly boolean[]): Change[] =>
    values.map((value) => instead("condition", String(value), of));

  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken;
    const logical = LOGICAL.get(operator.kind);
    // With the parentheses, for ?? stands beside neither of its neighbours without them.
    if (logical !== undefined) {
      const side = (of: ts.Expression): string => (isLogical(of) ? `(${text(of)})` : text(of));
      return [instead("logical", `(${side(node.left)} ${logical} ${side(node.right)})`)];
    }
    const [kind = "", ...others] = OPERATORS.get(operator.kind) ?? [];
    return others.map((other) => instead(kind, other, operator));
  }
  if (ts.isNumericLiteral(node))
    return numbersInstead(Number(node.text)).map((n) => instead("number", n < 0 ? `(${n})` : `${n}`));
  if (ts.isBigIntLiteral(node))
    return numbersInstead(Number(node.text.slice(0, -1))).map((n) => instead("number", n < 0 ? `(${n}n)` : `${n}n`));
  if (node.kind === K.TrueKeyword) return [instead("boolean", "false")];
  if (node.kind === K.FalseKeyword) return [instead("boolean", "true")];
  if (ts.isRegularExpressionLiteral(node)) return regexChanges(node.text).map((other) => instead("pattern", other));
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node)) {
    if (ts.isPropertyName(node) && isNameOfProperty(node)) return [];
    return isSentence(node) ? [] : [instead("text", text(node).length === 2 ? '"mutated"' : '""')];
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator !== K.PlusPlusToken && node.operator !== K.MinusMinusToken)
    return [instead("unary", text(node.operand))];
  if (ts.isConditionalExpression(node)) {
    const swapped = `${text(node.condition)} ? ${text(node.whenFalse)} : ${text(node.whenTrue)}`;
    return [...truth(node.condition, true, false), instead("ternary", swapped)];
  }
  if (ts.isIfStatement(node)) return truth(node.expression, true, false);
  // A loop that never ends is found by any test at all, so it is not counted.
  if (ts.isWhileStatement(node)) return truth(node.expression, false);
  if (ts.isForStatement(node)) return node.condition === undefined ? [] : truth(node.condition, false);
  if (ts.isForOfStatement(node)) return [instead("statement", "[]", node.expression)];
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0 ? [] : [instead("literal", "[]")];
  if (ts.isObjectLiteralExpression(node)) return node.properties.length === 0 ? [] : [instead("literal", "{}")];
  if (ts.isReturnStatement(node)) return [instead("return", node.expression === undefined ? ";" : "return undefined;")];
  if (ts.isArrowFunction(node)) return ts.isBlock(node.body) ? [] : [instead("return", "undefined", node.body)];
  if (ts.isExpressionStatement(node) || ts.isThrowStatement(node) || ts.isBreakStatement(node) || ts.isContinueStatement(node))
    return [instead("statement", ";")];
  if (ts.isPropertyAccessExpression(node)) return accessChanges(node, text, instead);
  return [];
}

function accessChanges(
  node: ts.PropertyAccessExpression,
  text: (of: ts.Node) => string,
  instead: (kind: string, replacement: string, of?: ts.Node) => Change,
): Change[] {
  const changes: Change[] = [];
  if (node.questionDotToken !== undefined) changes.push(instead("chain", ".", node.questionDotToken));
  const name = node.name.text;
  if (!ts.isCallExpression(node.parent) || node.parent.expression !== node) return changes;
  if (STEPS.includes(name)) changes.push(instead("step", text(node.expression), node.parent));
  const other = METHODS.get(name);
  if (other !== undefined) changes.push(instead("method", other, node.name));
  return changes;
}

const numbersInstead = (n: number): readonly number[] => [...new Set([n + 1, n - 1, 0])].filter((other) => other !== n);

const isNameOfProperty = (node: ts.PropertyName): boolean =>
  (ts.isPropertyAssignment(node.parent) || ts.isMethodDeclaration(node.parent) || ts.isPropertyDeclaration(node.parent)) &&
  node.parent.name === node;
