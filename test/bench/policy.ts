/**
 * How long a look of the rules at a million accounts takes, on one core: for each a strategy is found (site, class, account), the facts are put
 * together and decided, with everything that holds a cut back and the moment at which time changes it. Rows are generated, not read: what a
 * database takes for them is its own.
 *
 * One account in twenty has rules of its own, one in five owes; the moment moves on as the pass goes, so that calendars are looked at again.
 */
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import { hours, Instant, later, minutes } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { factsOf } from "../../src/policy/facts.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";
import type { RemoteMeter } from "../../src/policy/policy-store.ts";
import { decide, type Stage } from "../../src/policy/rules.ts";
import { Strategies } from "../../src/policy/strategies.ts";
import { rounded, type Bench, type Findings } from "./bench.ts";

const ACCOUNTS = 1_000_000;
const SECONDS_MAX = 60;
/** Rows are made, decided and thrown away so many at a time: a million at once would measure the collector. */
const AT_ONCE = 10_000;
const ZONE = "Asia/Shanghai";
const CLASSES = ["residential", "non-residential", "key", "dedicated-transformer"] as const;
const START = Instant(Date.parse("2026-11-23T07:00:00+08:00"));
const MS_PER_ACCOUNT = hours(2) / ACCOUNTS;

const accountOf = (n: number): AccountId => AccountId(String(2_000_000_000 + n));
const hasOwnRules = (n: number): boolean => n % 20 === 0;

function strategies(): Strategies {
  const own: PolicyRules = { warn1: "50.00", graceDays: 1 };
  return new Strategies({
    timeZone: ZONE,
    site: {
      mode: "live",
      notices: "required",
      contact: "required",
      noCut: { holidays: ["2026-10-01", "2027-01-01", "2027-02-06"] },
    },
    classes: new Map<string, PolicyRules>([
      ["non-residential", { noticeMinutes: 60 }],
      ["key", { protected: true }],
    ]),
    accounts: new Map(
      Array.from({ length: ACCOUNTS }, (_, n) => [
        accountOf(n),
        { policy: hasOwnRules(n) ? own : undefined, hasContact: n % 50 !== 0 },
      ]),
    ),
  });
}

function picture(n: number, now: Instant, chance: Chance): RemoteMeter {
  const owes = chance.next() < 0.2;
  const fen = Fen(BigInt(Math.floor(chance.next() * (owes ? -20_000 : 20_000))));
  const day = { day: "2026-11-22", cost: Fen(BigInt(Math.floor(chance.next() * 2_000))) };
  const told = later(now, -minutes(Math.floor(chance.next() * 600)));
  return {
    meter: MeterAddress(String(202_600_000_000 + n)),
    account: accountOf(n),
    class: CLASSES[n % CLASSES.length]!,
    available: fen,
    relay: owes && chance.next() < 0.1 ? "disconnected" : "connected",
    order: "connect",
    alarm: false,
    cutBy: null,
    protectedSupply: false,
    identity: "confirmed",
    disputed: chance.next() < 0.001,
    readAt: later(now, -minutes(Math.floor(chance.next() * 150))),
    cutWaiting: false,
    exemptions: chance.next() < 0.02 ? [{ kind: "medical", until: later(now, hours(24)) }] : [],
    notice: owes && chance.next() < 0.5 ? { at: told, deliveredAt: told, available: Fen(0n) } : null,
    paidAt: later(now, -hours(24 * 30)),
    recentDays: [day, { ...day, day: "2026-11-21" }, { ...day, day: "2026-11-20" }],
    standing: owes
      ? {
          ...{ stage: "notice-due", want: "as-is", because: "notice-due", strategy: "" },
          since: now,
          arrearsSince: later(now, -hours(24)),
        }
      : null,
  };
}

function measure(): Findings {
  const chance = seededChance(20_261_123);
  const found = strategies();
  const stages = new Map<Stage, number>();
  let cuts = 0;
  let spentMs = 0;
  let coreMs = 0;
  for (let from = 0; from < ACCOUNTS; from += AT_ONCE) {
    const now = later(START, from * MS_PER_ACCOUNT);
    const rows = Array.from({ length: AT_ONCE }, (_, n) => picture(from + n, now, chance));
    const [began, core] = [performance.now(), process.cpuUsage()];
    rows.forEach((row, n) => {
      const { strategy } = found.of(row.account, row.class);
      const at = later(now, Math.floor(n * MS_PER_ACCOUNT));
      const { want, stage } = decide(factsOf(row, at, ZONE, found.hasContact(row.account)), strategy);
      stages.set(stage, (stages.get(stage) ?? 0) + 1);
      if (want === "disconnected") cuts += 1;
    });
    spentMs += performance.now() - began;
    coreMs += process.cpuUsage(core).user / 1_000;
  }
  const seconds = spentMs / 1_000;
  const complaints = [
    ...(seconds > SECONDS_MAX ? [`${ACCOUNTS} accounts took ${seconds.toFixed(1)} s, promised ${SECONDS_MAX}`] : []),
    ...(cuts === 0 || stages.size < 7 ? ["the accounts were too much alike to say anything"] : []),
  ];
  return {
    tables: [
      {
        title: `${ACCOUNTS} accounts decided, strategies found for each, one core`,
        head: ["", "seconds", "of a core", "µs each", "cuts"],
        rows: [["a pass", ...[seconds, coreMs / 1_000, (seconds / ACCOUNTS) * 1e6].map((n) => n.toFixed(2)), String(cuts)]],
      },
      { title: "By stage", head: ["stage", "accounts"], rows: [...stages].map(([stage, count]) => [stage, String(count)]) },
    ],
    notes: ["50,000 of them have rules of their own, so as many strategies are joined within the time."],
    figures: {
      accounts: ACCOUNTS,
      seconds: rounded(seconds),
      coreSeconds: rounded(coreMs / 1_000),
      cuts,
      stages: Object.fromEntries(stages),
    },
    complaints,
  };
}

export const policy: Bench = {
  title: "the rules look at a million accounts: one core, no database",
  run: () => Promise.resolve(measure()),
};
