/**
 * `meterctl backup` and `meterctl restore`: the books in one file, and back. Need no gateway and no tools of PostgreSQL; a gateway that
 * runs is not disturbed by the first, and has to be stopped for the second.
 */
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { uuidv7 } from "uuidv7";
import { HEADS_FILE } from "../audit/head-file.ts";
import { iso, minutes, seconds, systemClock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { BackupReport } from "../stores/backup/take-backup.ts";
import type { RestoreReport } from "../stores/backup/restore.ts";
import type { Pace, Tell } from "../stores/backup/pace.ts";
import type { Database } from "../stores/database.ts";
import { placed, placeOf, withDatabase, type Place, type PlaceOptions } from "./books-place.ts";
import type { Terminal } from "./terminal.ts";

const TELL_EVERY_MS = 250;
const TELL_EVERY_MS_IN_A_LOG = seconds(5);
const MIB = 1024 * 1024;

export function backupCommands(program: Command, terminal: Terminal): void {
  placed(program.command("backup"))
    .description("all books in one file, while the gateway works on · 备份")
    .argument("<file>", "a new file, like books-2026-11-25.gz")
    .action(async (file: string, options: PlaceOptions) => {
      const place = placeOf(options, terminal);
      const { takeBackup } = await import("../stores/backup/take-backup.ts");
      const report = await withDatabase(place, (db) =>
        takeBackup(db, { file, site: place.site, gateway: version(), clock: systemClock, tell: teller(terminal) }),
      );
      terminal.status?.(null);
      terminal.out(options.json === true ? JSON.stringify(report, null, 2) : printBackup(file, report, place));
    });

  placed(program.command("restore"))
    .description("the books of a backup, into an empty database · 恢复")
    .argument("<file>", "a file that `meterctl backup` wrote")
    .option("--replace <site>", "set aside the books that are there: type the name of their site (or of their database)")
    .action(async (file: string, options: PlaceOptions & { replace?: string }) => {
      const place = placeOf(options, terminal);
      const { restoreBackup } = await import("../stores/backup/restore.ts");
      const report = await withDatabase(place, async (db) => {
        if (options.replace !== undefined) await mustBeMeant(db, place, options.replace);
        return restoreBackup(db, {
          file,
          replace: options.replace !== undefined,
          migrations: new URL("../stores/migrations/", import.meta.url).pathname,
          clock: systemClock,
          newId: uuidv7,
          tell: teller(terminal),
        });
      });
      terminal.status?.(null);
      const heads = setHeadsAside(place.data);
      terminal.out(options.json === true ? JSON.stringify({ ...report, heads }, null, 2) : printRestore(file, report, heads));
    });
}

/** Whoever sets books aside types whose they are. */
async function mustBeMeant(db: Database, { site }: Place, typed: string): Promise<void> {
  const [here] = await db.rows<{ name: string }>(null, "SELECT current_database() AS name");
  const name = site ?? here!.name;
  if (typed !== name)
    throw new Fault("invalid-request", {
      field: "--replace",
      problem: `these are the books of "${name}", and "${typed}" was typed`,
    });
}

/** The chain of the audit ends earlier now. What was noted of the one that is gone is kept, under a name that says so. */
function setHeadsAside(data: string | null): string | null {
  if (data === null || !existsSync(join(data, HEADS_FILE))) return null;
  const file = join(data, HEADS_FILE);
  const aside = `${file}.before-restore-${iso(systemClock.now(), "UTC").replaceAll(/\D/g, "").slice(0, 14)}`;
  renameSync(file, aside);
  return aside;
}

const version = (): string =>
  (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;

/** A line that is drawn over again where somebody looks on, and now and then one in a log. */
function teller(terminal: Terminal): Tell {
  const every = terminal.status === undefined ? TELL_EVERY_MS_IN_A_LOG : TELL_EVERY_MS;
  let told = systemClock.now();
  return (pace) => {
    const now = systemClock.now();
    if (now - told < every) return;
    told = now;
    if (terminal.status === undefined) terminal.error(lineOf(pace));
    else terminal.status(lineOf(pace));
  };
}

export const lineOf = ({ what, share, bytes, bytesPerSecond, leftMs }: Pace): string =>
  `${String(Math.floor(share * 100)).padStart(3)} %  ${(bytes / MIB).toFixed(1)} MB  ${(bytesPerSecond / MIB).toFixed(1)} MB/s  ${leftMs === null ? "" : `${timeOf(leftMs)} left  `}${what}`;

const timeOf = (ms: number): string =>
  ms < minutes(1)
    ? `${Math.ceil(ms / 1_000)} s`
    : `${Math.floor(ms / minutes(1))} min ${Math.round((ms % minutes(1)) / 1_000)} s`;

function printBackup(file: string, { manifest, tables, fileBytes, lastedMs }: BackupReport, { data, site }: Place): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  return [
    `${file}: ${tables.length} tables, ${rows} rows, ${(bytes / MIB).toFixed(1)} MB of rows in ${(fileBytes / MIB).toFixed(1)} MB, ${(lastedMs / 1_000).toFixed(1)} s`,
    `of ${manifest.site} at ${manifest.takenAt}, schema ${manifest.schema.at(-1)?.name ?? "none"}`,
    "No key is in it; names, balances and tokens not yet used are: keep it as you keep money.",
    `Keep apart from it, and copy by hand: ${site === null ? "the site file" : "the site file and what it names"}, and of ${data ?? "its data folder"}: receipt-key.pem, receipt-public-keys.pem, audit-key, ${HEADS_FILE}.`,
  ].join("\n");
}

function printRestore(file: string, report: RestoreReport, heads: string | null): string {
  const { manifest, tables, rows, setAside, broughtForward, doubts, lastedMs } = report;
  return [
    `${file}: ${tables} tables, ${rows} rows are back, as they were at ${manifest.takenAt}; ${(lastedMs / 1_000).toFixed(1)} s`,
    ...(broughtForward.length === 0 ? [] : [`brought forward to this program: ${broughtForward.join(", ")}`]),
    ...(setAside === null ? [] : [`the books of before stand in the schema ${setAside}; drop it when you need it no more`]),
    ...(heads === null ? [] : [`the noted heads of before: ${heads}`]),
    `${doubts.adding} credits and refunds were open, ${doubts.setting} orders; ${doubts.meters} meters are looked at before they are credited.`,
    "Orders that were open are not sent again. Nobody is cut by a rule until the item books-restored is closed.",
    "Next: start the gateway, let it compare (it begins by itself), and bring in from the channels' files what was paid since.",
  ].join("\n");
}
