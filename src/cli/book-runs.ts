/** `meterctl statements` and `meterctl retention`: what is asked of the books as a whole. They need no gateway and disturb none. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { iso, systemClock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { kwh } from "../kernel/energy.ts";
import { yuan } from "../kernel/money.ts";
import { thinningDue } from "../retention/due.ts";
import { kinds } from "../retention/retention-store.ts";
import { placed, placeOf, withDatabase, type PlaceOptions } from "./books-place.ts";
import { WrongUse } from "./exits.ts";
import type { Terminal } from "./terminal.ts";

const WAITS = " (waits: more than a month at once; a person looks at the clock and says retention.goOnTo)";

export function bookRunCommands(program: Command, terminal: Terminal): void {
  placed(program.command("statements"))
    .description("a month's statements of all accounts, a row each, into a CSV file · 月结单")
    .requiredOption("--month <month>", "like 2026-11, in the site's zone")
    .requiredOption("--out <file>", "a new file, like statements-2026-11.csv")
    .action(async ({ month, out, ...options }: PlaceOptions & { readonly month: string; readonly out: string }) => {
      const place = placeOf(options, terminal);
      if (existsSync(out)) throw new Fault("file-exists", { file: out });
      const { writeMonth } = await import("../stores/month-run.ts");
      const began = systemClock.now();
      const totals = await withDatabase(place, (db) =>
        writeMonth(db, {
          ...{ month, timeZone: place.timeZone, file: out },
          tell: (accounts) => terminal.status?.(`${accounts} accounts`),
        }),
      );
      terminal.status?.(null);
      const lastedMs = systemClock.now() - began;
      const { accounts, entries, opening, closing, energy, cost } = totals;
      const told = { accounts, entries, opening: yuan(opening), closing: yuan(closing), kWh: kwh(energy), cost: yuan(cost) };
      terminal.out(
        options.json === true
          ? JSON.stringify({ month, file: out, ...told, lastedMs }, null, 2)
          : `${out}: ${accounts} accounts of ${month}, ${entries} entries, ${told.opening} yuan became ${told.closing}; ${told.kWh} kWh cost ${told.cost} yuan; ${(lastedMs / 1_000).toFixed(1)} s`,
      );
    });

  placed(program.command("retention"))
    .description("old rows that would be thinned tonight; nothing is changed · 数据保留")
    .option("--dry-run", "say what would go; the gateway itself does it, by night")
    .action(async (options: PlaceOptions & { readonly dryRun?: boolean }) => {
      if (options.dryRun !== true)
        throw new WrongUse("The gateway thins by itself; `meterctl retention --dry-run` says what would go.");
      const place = placeOf(options, terminal);
      const { PostgresRetentionStore } = await import("../stores/retention-store.ts");
      const now = systemClock.now();
      const due = await withDatabase(place, (db) =>
        thinningDue(new PostgresRetentionStore(db), { site: place.retention, timeZone: place.timeZone, now }),
      );
      const told = due.map(({ kind, from, until, rows, waits }) => ({
        ...{ kind, title: kinds[kind].title, rows, waits },
        from: from === null ? null : iso(from, place.timeZone),
        until: iso(until, place.timeZone),
      }));
      terminal.out(
        options.json === true
          ? JSON.stringify(told, null, 2)
          : told
              .map(
                ({ rows, title, until, waits }) =>
                  `${String(rows).padStart(10)}  before ${until.slice(0, 10)}  ${title}${waits ? WAITS : ""}`,
              )
              .join("\n"),
      );
    });
}
