/** Which texts are sentences for people, and what can go wrong in a regular expression. */
import ts from "typescript";

/** Whoever is handed these arguments tells them to a person; `from`: the first of them, what stands before it is a name. */
const TELLERS: ReadonlyMap<string, number> = new Map([
  ["refuse", 1],
  ["Error", 0],
  ["Unreadable", 0],
  ["notOurs", 0],
  ["malformed", 0],
]);
const TOLD_PROPERTIES = ["why", "fault", "title", "zh"];

/** The text is, as a whole or in a ternary, an argument of a teller or the value of a property that is told. */
export function isSentence(text: ts.Node): boolean {
  for (let node = text; ; node = node.parent) {
    const { parent } = node;
    if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) {
      const from = ts.isIdentifier(parent.expression) ? TELLERS.get(parent.expression.text) : undefined;
      return from !== undefined && (parent.arguments ?? []).findIndex((argument) => argument === node) >= from;
    }
    if (ts.isPropertyAssignment(parent)) return ts.isIdentifier(parent.name) && TOLD_PROPERTIES.includes(parent.name.text);
    if (!ts.isConditionalExpression(parent) || parent.condition === node) return false;
  }
}

/** An anchor forgotten, none or some, this kind of letter or all others. */
const REGEX_SLIPS: readonly (readonly [slip: RegExp, instead: string])[] = [
  [/(?<=^\/)\^/, ""],
  [/\$(?=\/[a-z]*$)/, ""],
  [/(?<!\\)\*/g, "+"],
  [/(?<!\\)\+/g, "*"],
  [/\[\^/g, "["],
  [/\\d/g, "\\D"],
  [/\\s/g, "\\S"],
];

/** Each slip at each place where it can be made, one at a time. */
export function regexChanges(regex: string): string[] {
  return REGEX_SLIPS.flatMap(([slip, instead]) =>
    [...regex.matchAll(new RegExp(slip.source, "g"))].map(
      ({ 0: what, index }) => regex.slice(0, index) + instead + regex.slice(index + what.length),
    ),
  );
}
