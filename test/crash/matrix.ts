/**
 * The whole matrix: which rigs, victims and steps there are, what of it somebody wants, and how it is told. A rig runs its groups one
 * after the other, rigs run beside each other.
 */
import { seconds } from "../../src/kernel/clock.ts";
import { reasonOf } from "../../src/kernel/faults.ts";
import { findProgram } from "../support/servers.ts";
import { clientOf, runGroup, type Cell, type Prepared } from "./cells.ts";
import type { Client } from "./client.ts";
import { orderKinds, type OrderKind } from "./orders.ts";
import { raiseRig, victims, type Books, type QueueKind, type Rig, type Victim } from "./rig.ts";
import { steps, type Step } from "./steps.ts";

export interface RigKind {
  readonly books: Books;
  readonly queue: QueueKind;
}

/** The queue's other store beside the gateway's own PostgreSQL would show nothing that the first two do not. */
export const rigKinds: readonly RigKind[] = [
  { books: "named", queue: "postgres" },
  { books: "named", queue: "redis" },
  { books: "embedded", queue: "postgres" },
];

export interface Wanted {
  readonly orders: (name: string) => boolean;
  readonly groups: (rig: RigKind, victim: Victim, step: Step) => boolean;
}

export interface RigResult extends RigKind {
  readonly cells: readonly Cell[];
  readonly minutes: number;
  /** Why there are no cells, or fewer. */
  readonly broken: string | null;
}

const FIRST_ADDRESS = 202_611_260_001;
const READY_MS_MAX = seconds(120);
const PREPARED_AT_ONCE = 16;
/** Groups that did not come to their step, on a machine that had other things to do: they have shown nothing, and come once more. */
const ONCE_MORE_MAX = 3;

const victimsOf = ({ books, queue }: RigKind): readonly Victim[] =>
  victims.filter(
    (victim) =>
      (victim !== "redis" || queue === "redis") &&
      (victim !== "group" || books === "embedded") &&
      (victim !== "broker" || findProgram("mosquitto") !== null),
  );

export async function runRig(kind: RigKind, wanted: Wanted, say: (sentence: string) => void): Promise<RigResult> {
  const startedAt = performance.now();
  const kinds = orderKinds.filter(({ name }) => wanted.orders(name));
  // step by step, so that one victim does not die again and again in a minute: whoever depends on it would come back ever more slowly
  const groups = steps
    .filter((step) => step.in(kind.books, kind.queue))
    .flatMap((step) => victimsOf(kind).map((victim) => ({ victim, step })))
    .filter(({ victim, step }) => wanted.groups(kind, victim, step));
  const cells: Cell[] = [];
  const result = (broken: string | null): RigResult => ({
    ...kind,
    cells,
    broken,
    minutes: (performance.now() - startedAt) / 60_000,
  });
  if (groups.length === 0 || kinds.length === 0) return result(null);
  const name = `${kind.books}, queue on ${kind.queue}`;
  const meters = Array.from({ length: (groups.length + ONCE_MORE_MAX) * kinds.length }, (_, n) => String(FIRST_ADDRESS + n));
  let rig: Rig | undefined;
  try {
    rig = await raiseRig({ ...kind, meters, spares: meters.length });
    const client = clientOf(rig);
    const prepared = await prepareAll(rig, client, kinds);
    await client.readOnce(READY_MS_MAX); // a reading that passes by would be taken for a step
    const todo = [...groups];
    // a list grows while it is walked through: what is added is walked through too
    for (const [n, { victim, step }] of todo.entries()) {
      const fresh = await runGroup(rig, step, victim, prepared.slice(n * kinds.length, (n + 1) * kinds.length));
      const isMissed =
        fresh.some(({ wrong }) => wrong !== null) && fresh.every(({ wrong }) => wrong === null || wasMissed(wrong));
      if (isMissed && n < groups.length && todo.length < groups.length + ONCE_MORE_MAX) {
        todo.push({ victim, step });
        say(`${name}: ${victim} was to be killed when ${step.name}, which was not reached; it comes once more at the end`);
        continue;
      }
      cells.push(...fresh);
      for (const { order, wrong } of fresh) if (wrong !== null) say(`${name}: ${order}/${victim}/${step.name}: ${wrong}`);
      say(`${name}: ${victim} killed when ${step.name} (${n + 1} of ${todo.length}), ${fresh[0]!.seconds.toFixed(0)} s`);
    }
    return result(null);
  } catch (error) {
    return result(`${reasonOf(error)}${rig === undefined ? "" : `\n${rig.said().slice(-4_000)}`}`);
  } finally {
    await rig?.close();
  }
}

/** A few at a time: the gateway is also reading all these meters for the first time. */
async function prepareAll(rig: Rig, client: Client, kinds: readonly OrderKind[]): Promise<readonly Prepared[]> {
  const { meters } = rig.plan;
  const prepared: Prepared[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < meters.length; n = next++) {
      const kind = kinds[n % kinds.length]!;
      const meter = meters[n]!;
      const given = { meter, spare: String(Number(meter) + meters.length), key: `matrix-${meter}` };
      prepared[n] = { ...given, kind, ready: await kind.prepare(client, given, rig.street) };
    }
  };
  await Promise.all(Array.from({ length: PREPARED_AT_ONCE }, worker));
  return prepared;
}

const wasMissed = (wrong: string): boolean => wrong.startsWith("not reached");

const signOf = (cell: Cell | undefined): string =>
  cell === undefined ? "·" : cell.wrong === null ? "✓" : wasMissed(cell.wrong) ? "?" : "✗";

/** One table for each rig: steps down, victims across; a sign for each order, and the seconds of the group. */
export function printRig({ books, queue, cells, minutes, broken }: RigResult): string {
  const orders = orderKinds.map(({ name }) => name).filter((name) => cells.some(({ order }) => order === name));
  const across = victims.filter((victim) => cells.some((cell) => cell.victim === victim));
  const down = [...new Set(steps.map(({ name }) => name))].filter((name) => cells.some(({ step }) => step === name));
  const width = Math.max(12, orders.length + 7);
  const lines = [
    `books ${books}, queue on ${queue}; of each cell: ${orders.join(", ")}`,
    `  ${"killed when".padEnd(12)}${across.map((victim) => victim.padStart(width)).join("")}`,
    ...down.map((name) => {
      const row = across.map((victim) => {
        const here = orders.map((order) => cells.find((c) => c.order === order && c.victim === victim && c.step === name));
        const took = here.find((cell) => cell !== undefined)?.seconds;
        return `${here.map(signOf).join("")} ${took === undefined ? "   –" : `${took.toFixed(0)} s`.padStart(4)}`.padStart(width);
      });
      return `  ${name.padEnd(12)}${row.join("")}`;
    }),
    `  ${cells.filter(({ wrong }) => wrong === null).length} of ${cells.length} cells hold, ${minutes.toFixed(1)} min`,
    ...cells.flatMap((c) => (c.wrong === null ? [] : [`  ${c.order}/${c.victim}/${c.step}: ${c.wrong}`])),
    ...(broken === null ? [] : [`  broken off: ${broken}`]),
  ];
  return lines.join("\n");
}
