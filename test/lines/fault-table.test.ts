/**
 * Every kind of fault of the street × {read, top-up, disconnect, reconnect}: each ends in a right, named outcome. The kinds are the
 * simulator's own list, so a new one is in the table at once, and the page that people read is compared with what happened.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { faultKinds, isFaultKind, rowOf, type FaultKind } from "../../simulator/faults.ts";
import { carrierOf, operations, runCell, type Cell, type Operation } from "./fault-cells.ts";

const PAGE = "docs/faults-and-outcomes.md";
const kinds = Object.keys(faultKinds).filter(isFaultKind);
type Row = Readonly<Record<Operation, Cell>>;
const table = new Map<FaultKind, Row>();

const rowFor = async (kind: FaultKind): Promise<void> => {
  const cells = await Promise.all(operations.map(async (operation) => [operation, await runCell(kind, operation)] as const));
  table.set(kind, Object.fromEntries(cells) as unknown as Row);
};

beforeAll(async () => {
  const onSockets = kinds.filter((kind) => carrierOf(kind) !== "memory");
  for (const kind of kinds.filter((one) => !onSockets.includes(one))) await rowFor(kind);
  await Promise.all(onSockets.map(rowFor));
}, 240_000);

test.each(kinds)("%s: nothing that must not be", (kind) => {
  const row = table.get(kind)!;
  for (const operation of operations) expect(row[operation].wrongs, `${kind} × ${operation}`).toEqual([]);
});

function page(): string {
  const lines = kinds.map((kind) => {
    const row = table.get(kind)!;
    const noticed = [...new Set(operations.flatMap((operation) => row[operation].noticed))].sort();
    const cells = operations.map((operation) => row[operation].outcome);
    return `| \`${kind}\` | ${cells.join(" | ")} | ${noticed.join(", ") || "–"} |`;
  });
  return `${INTRODUCTION}
| fault | ${operations.join(" | ")} | noticed as |
| --- | --- | --- | --- | --- | --- |
${lines.join("\n")}
`;
}

test(`${PAGE} says what happened`, () => {
  const happened = page();
  if (process.env["UPDATE_PAGES"] === "1") writeFileSync(PAGE, happened);
  const shown = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "";
  expect(happened).toBe(shown);
});

test("every kind of the street has its row", () => {
  expect([...table.keys()].sort()).toEqual([...kinds].sort());
  expect(kinds.every((kind) => rowOf(kind).meaning !== "")).toBe(true);
});

const INTRODUCTION = `# Faults and outcomes

What the gateway makes of each fault of the street. Printed by \`test/lines/fault-table.test.ts\`, which runs every cell and compares this page:
\`UPDATE_PAGES=1 npx vitest run test/lines/fault-table.test.ts\` writes it anew. What each fault does stands in \`simulator/README.md\`.

Each cell has a street and a gateway of its own: two wires at 2400 baud and virtual time, or the socket or broker that the fault needs. The fault is
aimed at the exchange that does it (the reading of the balance, 070102FF, 1CH), or stands from the beginning where it lasts; what has not ended by
then is told as it stands, then the fault is mended and the end is told. States and reasons are those of a command (\`src/commands/README.md\`).

In no cell an order was obeyed twice, another meter changed, money moved otherwise than the meter shows, or a frame of before believed.
`;
