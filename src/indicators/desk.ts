/**
 * Where figures are asked for. Each sheet is drawn once, counted together where it is long, parted by class, line or model where somebody
 * wants that, and handed to the pure functions of the table. Whoever wants the rows gets them day by day, so a month of a city is never held
 * in memory at once.
 *
 * False cuts join what the books hold with what others have found and said: `incidents` answers, for commands, what an incident says of them,
 * and `noCuts` when staff had said that nobody is cut. Left out, the books alone are asked.
 */
import type { Clock } from "../kernel/clock.ts";
import { MeterAddress } from "../kernel/ids.ts";
import type { NoCutsInForce } from "../policy/no-cuts-in-force.ts";
import { inOrder, rowOf, type Row } from "./cells.ts";
import { cutRow, falseBecause } from "./false-cuts.ts";
import type { IndicatorStore, Span } from "./indicator-store.ts";
import type { Counted, Measured } from "./measures.ts";
import type { SheetName } from "./sheets.ts";
import { daysIn, spanOf, type Wanted } from "./span.ts";
import { indicatorNames, indicatorOf, meetsTarget, type IndicatorName } from "./table.ts";

export const partings = ["none", "class", "bus", "model"] as const;
export type Parting = (typeof partings)[number];

export interface Figure extends Measured {
  readonly name: IndicatorName;
  /** Of the parting; null: of everything, or of meters that have none. */
  readonly key: string | null;
  readonly meets: boolean | null;
}

export interface Figures {
  readonly span: Span;
  readonly items: readonly Figure[];
}

export interface IndicatorParts {
  readonly clock: Clock;
  readonly timeZone: string;
  readonly store: IndicatorStore;
  readonly incidents?: (commands: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  readonly noCuts?: Pick<NoCutsInForce, "pastOf">;
}

/** Sheets that know no day: whatever the period, they are of now. */
const OF_NOW: ReadonlySet<SheetName> = new Set<SheetName>(["unverified", "meters"]);

export class IndicatorDesk {
  readonly #parts: IndicatorParts;

  constructor(parts: IndicatorParts) {
    this.#parts = parts;
  }

  spanOf(wanted: Wanted): Span {
    const { clock, timeZone } = this.#parts;
    return spanOf(wanted, clock.now(), timeZone);
  }

  async figures(span: Span, by: Parting, names: readonly IndicatorName[] = indicatorNames): Promise<Figures> {
    const drawn = new Map<SheetName, readonly Counted[]>();
    const needed = new Set<SheetName>(names.map((name) => indicatorOf(name).sheet));
    if (by !== "none") needed.add("meters"); // who is there has a figure, also where nothing happened
    // one after the other: figures can wait, and money uses the same connections
    for (const sheet of needed) drawn.set(sheet, await this.#counted(sheet, span));
    const keys = by === "none" ? [null] : keysIn([...drawn.values()].flat(), by);
    const items = names.flatMap((name) => {
      const { sheet, measure, target } = indicatorOf(name);
      const rows = drawn.get(sheet)!;
      return keys.map((key): Figure => {
        const measured = measure(by === "none" ? rows : rows.filter(({ row }) => row[by] === key));
        return { name, key: key === "" ? null : key, ...measured, meets: meetsTarget(target, measured.value) };
      });
    });
    return { span, items };
  }

  /** The rows of a sheet, in pieces of a day, each in the same order whenever it is asked for. */
  async *rows(sheet: SheetName, span: Span): AsyncGenerator<readonly Row[]> {
    for (const piece of OF_NOW.has(sheet) ? [span] : daysIn(span)) yield inOrder(await this.#raw(sheet, piece));
  }

  /** Each verified cut by a rule that was false, with why. */
  async falseCuts(span: Span): Promise<readonly { readonly row: Row; readonly because: readonly string[] }[]> {
    const rows = await this.#cuts(span);
    return rows.map((row) => ({ row, because: falseBecause(row) })).filter(({ because }) => because.length > 0);
  }

  async #counted(sheet: SheetName, span: Span): Promise<readonly Counted[]> {
    if (sheet === "rule-cuts") return (await this.#cuts(span)).map((row) => ({ row, n: 1 }));
    const { store, timeZone } = this.#parts;
    return (await store.counted(sheet, span)).map(({ row, n }) => ({ row: rowOf(sheet, row, timeZone), n }));
  }

  async #raw(sheet: SheetName, span: Span): Promise<readonly Row[]> {
    if (sheet === "rule-cuts") return this.#cuts(span);
    const { store, timeZone } = this.#parts;
    return (await store.rows(sheet, span)).map((row) => rowOf(sheet, row, timeZone));
  }

  async #cuts(span: Span): Promise<readonly Row[]> {
    const { store, timeZone, incidents, noCuts } = this.#parts;
    const cuts = await store.cuts(span);
    const sent = cuts.map(({ sentAt }) => sentAt).sort((a, b) => a - b);
    const said = sent.length === 0 ? undefined : await noCuts?.pastOf({ from: sent[0]!, until: sent.at(-1)! });
    const told = (await incidents?.(cuts.map(({ command }) => command))) ?? new Map<string, string>();
    return cuts.map((cut) => {
      const beside = {
        incident: told.get(cut.command) ?? "",
        said: said?.(MeterAddress(cut.meter), cut.class, cut.sentAt) ?? [],
      };
      return rowOf("rule-cuts", cutRow(cut, timeZone, beside), timeZone);
    });
  }
}

const keysIn = (rows: readonly Counted[], by: Exclude<Parting, "none">): readonly string[] =>
  [...new Set(rows.map(({ row }) => row[by] ?? ""))].sort();
