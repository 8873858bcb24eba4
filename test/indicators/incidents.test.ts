/** Two rooms, one word: whom recovery found to be cut falsely counts among the false cuts, and who waited too long for his supply does not. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { wrongCuts } from "../../src/house/indicators.ts";
import { IndicatorDesk } from "../../src/indicators/desk.ts";
import { hours, later, systemClock } from "../../src/kernel/clock.ts";
import type { Command } from "../../src/commands/command.ts";
import { IncidentId, type Incident } from "../../src/recovery/incident.ts";
import { aCommand } from "../support/a-command.ts";
import { keepers, type Kept } from "../conformance/stores.ts";
import { accountAt, accounts, FIRST, keep, METERS, records, ZONE } from "./books.ts";

const [meter, account] = [METERS[0]!, accountAt(0)];
const cutAt = later(FIRST, hours(10));
const aCut = (): Command =>
  aCommand({
    ...{ meter, account, kind: "disconnect", effect: "sets", params: {}, askedBy: "rule", state: "confirmed" },
    ...{ createdAt: cutAt, sentAt: cutAt, verifiedAt: cutAt, endedAt: cutAt },
  });

let kept: Kept;
beforeAll(async () => {
  kept = await keepers[0]!.open(systemClock);
});
beforeEach(async () => {
  await kept.clear();
  await kept.meters.bringIn(accounts, records);
});
afterAll(() => kept.close());

const incidentOf = (cut: Command, more: Partial<Incident>): Incident => ({
  ...{ id: IncidentId(uuidv7()), cause: "paid-but-dark", also: [], class: "late", meter, account, model: "standard-wallet" },
  ...{ bus: "line-1", firmware: null, cut: cut.id, darkSince: cutAt, wishedAt: null, foundAt: cutAt, level: 0, reason: null },
  ...{ restoredAt: null, restoredBy: null, endedAt: null, energyBefore: null, energyAfter: null, compensation: "yes" },
  ...{ compensationNote: null, compensationBy: null, followUpAt: null, remindedAt: null, followedUpAt: null },
  ...{ followedUpBy: null, followUpNote: null, exception: null },
  ...more,
});

async function toldOf(more: Partial<Incident>): Promise<readonly string[]> {
  const cut = aCut();
  const attempts: never[] = [];
  await keep(kept, {
    ...{ midnights: [], payments: [], decisions: [], quarantined: [], clocks: [] },
    commands: [{ command: cut, attempts }],
  });
  await kept.transactor.transact((tx) => kept.recovery.insert(tx, incidentOf(cut, more)));
  const clock = { ...systemClock, now: () => later(cutAt, hours(1)) };
  const desk = new IndicatorDesk({ clock, timeZone: ZONE, store: kept.indicators, incidents: wrongCuts(kept.recovery) });
  const found = await desk.falseCuts(desk.spanOf({ from: "2026-11-20", to: "2026-11-20" }));
  return found.flatMap(({ row, because }) => (because.includes("incident") ? [row["incident"]!] : []));
}

test("a cut that recovery found after its deadline is a false cut, by the name of its causes", async () => {
  expect(await toldOf({ cause: "cut-too-late", also: ["paid-but-dark"] })).toEqual(["cut-too-late"]);
});

test("a cut after which power came back late was right all the same", async () => {
  expect(await toldOf({ cause: "paid-but-dark", also: ["restore-failed"] })).toEqual([]);
});
