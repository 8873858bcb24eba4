/**
 * Who would be cut now: a dry run of the rules over everybody, with what each owes, what he was told, and what holds him back. Changes
 * nothing, asks no meter, and is drawn in shadow as well: that is what a site looks at before it lets the rules act.
 */
import { hours, later, type Clock, type Instant } from "../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { Fen } from "../kernel/money.ts";
import { DECLINED_MS, listsOf, type CutGate } from "./cut-gate.ts";
import { amongDue } from "./guard-rails.ts";
import { approvalLimit, brakeLimit, type GuardRails } from "./guard-settings.ts";
import type { GuardStore } from "./guard-store.ts";
import { isDue, lookAt, owes } from "./look.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { Strategies } from "./strategies.ts";

export const previewSorts = ["owed", "meter", "account", "class", "line", "since", "held"] as const;
export type PreviewSort = (typeof previewSorts)[number];

export interface PreviewRow {
  readonly meter: MeterAddress;
  readonly account: AccountId;
  readonly class: string;
  readonly line: string;
  readonly available: Fen;
  /** Beyond what he may owe. */
  readonly owed: Fen;
  readonly stage: string;
  /** The rules would cut it now. */
  readonly due: boolean;
  /** Every reason why it is not, first those of the rules, then those of the site. */
  readonly held: readonly string[];
  readonly noticedAt: Instant | null;
  readonly readAt: Instant | null;
  /** Since when he owes too much. */
  readonly since: Instant | null;
  readonly strategy: string;
}

export interface Preview {
  readonly at: Instant;
  readonly meters: number;
  readonly due: number;
  readonly held: number;
  readonly owed: Fen;
  /** Of the meters that rules may cut. */
  readonly share: number;
  readonly needsApproval: boolean;
  readonly approvalLimit: number | null;
  readonly brakeLimit: number | null;
  /** Of the slowest line, and as the brake lets them go; the longer counts. */
  readonly seconds: { readonly byLines: number; readonly byBrake: number };
  readonly rows: readonly PreviewRow[];
}

export interface PreviewParts {
  readonly store: GuardStore;
  readonly policy: Pick<PolicyStore, "remoteMeters">;
  readonly gate: Pick<CutGate, "figures">;
  readonly strategies: Strategies;
  readonly clock: Clock;
  readonly rails: GuardRails;
  readonly lineOf: (meter: MeterAddress) => string;
  /** How long an order to it keeps its line, with the looks before and after. */
  readonly cutMs: (meter: MeterAddress) => number;
  readonly holdsCuts: () => Promise<boolean>;
}

const HOUR_MS = hours(1);

export class CutPreview {
  readonly #parts: PreviewParts;

  constructor(parts: PreviewParts) {
    this.#parts = parts;
  }

  async draw(sort: PreviewSort, order: "asc" | "desc"): Promise<Preview> {
    const { store, policy, gate, strategies, clock, rails, lineOf, cutMs, holdsCuts } = this.#parts;
    const at = clock.now();
    const pictures = await policy.remoteMeters();
    const looks = pictures.filter((picture) => owes(strategies, picture)).map((picture) => lookAt(strategies, picture, at));
    const due = looks.filter(isDue);
    const figures = await gate.figures(null);
    const asked = new Set(await store.askedSince(null, later(at, -HOUR_MS)));
    const lists = listsOf(await store.listed(null, later(at, -DECLINED_MS)));
    const dueMeters = new Set(due.map(({ picture }) => picture.meter));
    const verdicts = amongDue(
      { ...figures, now: at },
      rails,
      due.map(({ picture: { meter } }) => ({ meter, asked: asked.has(meter), list: lists.get(meter) ?? null })),
      [...asked].filter((meter) => !dueMeters.has(meter)).length,
    );
    const restored = (await holdsCuts()) ? ["restored"] : [];
    const rows = looks.map((look): PreviewRow => {
      const { picture, decision, strategy, facts } = look;
      const { meter, account, available, readAt } = picture;
      const site = verdicts.of.get(meter) ?? null;
      const unknown = picture.relay === "unknown" ? ["relay-unknown"] : [];
      const shadow = strategy.mode === "shadow" ? ["shadow"] : [];
      return {
        ...{ meter, account, class: picture.class, line: lineOf(meter), available, stage: decision.stage },
        owed: Fen(strategy.cutAt - available),
        due: isDue(look),
        held: [...decision.blocks, ...unknown, ...restored, ...(site === null ? [] : [site]), ...shadow],
        ...{ noticedAt: facts.notice?.deliveredAt ?? null, readAt, since: facts.arrearsSince, strategy: strategy.version },
      };
    });
    const byLine = Map.groupBy(
      rows.filter((row) => row.due),
      ({ line }) => line,
    );
    const lineMs = [...byLine.values()].map((of) => of.reduce((sum, { meter }) => sum + cutMs(meter), 0));
    const brake = brakeLimit(rails, pictures.length);
    const rounds = brake === null ? 0 : Math.max(0, Math.ceil(due.length / brake) - 1);
    return {
      ...{ at, meters: pictures.length, due: due.length, held: rows.length - due.length },
      owed: Fen(rows.reduce((sum, row) => (row.due ? sum + row.owed : sum), 0n)),
      share: pictures.length === 0 ? 0 : due.length / pictures.length,
      ...{ needsApproval: verdicts.isMass, approvalLimit: approvalLimit(rails, pictures.length), brakeLimit: brake },
      seconds: {
        byLines: Math.ceil(Math.max(0, ...lineMs) / 1_000),
        byBrake: rounds * (rails.brake?.minutes ?? 0) * 60,
      },
      rows: sorted(rows, sort, order),
    };
  }
}

const keyOf: Readonly<Record<PreviewSort, (row: PreviewRow) => bigint | number | string>> = {
  owed: (row) => row.owed,
  meter: (row) => row.meter,
  account: (row) => row.account,
  class: (row) => row.class,
  line: (row) => row.line,
  since: (row) => row.since ?? 0,
  held: (row) => row.held.join(),
};

function sorted(rows: readonly PreviewRow[], sort: PreviewSort, order: "asc" | "desc"): readonly PreviewRow[] {
  const key = keyOf[sort];
  const way = order === "asc" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x < y ? -way : x > y ? way : a.meter < b.meter ? -1 : 1;
  });
}
