/** Of a storm that broke something: the lines that tell of the command or meter it befell, with what befell everybody at that time. */
import type { StormReport } from "./storm.ts";
import type { Trace, TraceLine } from "./trace.ts";

const LINES_MAX = 400;
const EVERYBODYS = new Set(["life", "weather", "BROKEN"]);

export function storyOf({
  violations,
  trace,
}: Pick<StormReport, "violations"> & { readonly trace: Trace }): readonly TraceLine[] {
  const [first] = violations;
  if (first === undefined) return [];
  const names = namesFor(first.of, trace);
  const lines = trace.lines.filter(
    ({ what, of, text }) => EVERYBODYS.has(what) || names.some((name) => of.includes(name) || text.includes(name)),
  );
  return lines.slice(-LINES_MAX);
}

/** A command is known by the end of its id, and its meter by the line that told of it. */
function namesFor(of: string, trace: Trace): readonly string[] {
  if (!of.includes("-")) return [of, of.slice(2)];
  const short = of.slice(-8);
  const told = trace.lines.find((line) => line.what === "command" && line.of === short);
  const meter = /\d{12}/.exec(told?.text ?? "")?.[0];
  return meter === undefined ? [short] : [short, meter];
}
