/**
 * The audit's part of the house: notes what of the site is other than last time, seals the chain, keeps its heads in the data folder, and
 * makes out receipts. Rows of money, commands and meters need nobody here: the database writes them.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Waiting } from "../audit/audit-store.ts";
import { HEADS_FILE, headFileTrouble, headWriter } from "../audit/head-file.ts";
import { Sealer } from "../audit/sealer.ts";
import { changesOf, partsOf, settingsPrefix } from "../audit/settings.ts";
import type { Config } from "../config.ts";
import type { Chance } from "../kernel/chance.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { openReceiptKeys } from "../receipts/keys.ts";
import { ReceiptDesk, type ReceiptDeskParts } from "../receipts/receipt-desk.ts";
import { PostgresAuditStore } from "../stores/audit-store.ts";
import type { Database } from "../stores/database.ts";
import { entriesOf } from "../stores/receipt-facts.ts";
import type { Closers } from "./closers.ts";

const KEY_FILE = "audit-key";
const OURS_ALONE = 0o600;
const KEY_BYTES = 32;

export interface AuditingParts extends Pick<ReceiptDeskParts, "commands" | "payments"> {
  readonly db: Database;
  readonly config: Config;
  /** That of the receipts; the sealer and its database live on the world's. */
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly closers: Closers;
}

export interface Auditing {
  readonly store: PostgresAuditStore;
  readonly sealer: Sealer;
  readonly receipts: ReceiptDesk;
  /** For readiness and metrics. */
  readonly pulse: { readonly waiting: () => Promise<Waiting>; readonly trouble: () => string | null };
}

export async function beginAuditing(parts: AuditingParts): Promise<Auditing> {
  const { db, config, clock, chance, log, closers, commands, payments } = parts;
  const { data } = config.stores;
  const store = new PostgresAuditStore(db);
  const keys = openReceiptKeys(data, config.receiptKey);
  log.info({ key: keys.current.id, public: keys.current.pem }, "receipts are signed with this key");

  const file = join(data, HEADS_FILE);
  const trouble = headFileTrouble(file);
  if (trouble !== null) log.warn({ file }, trouble);
  const sealer = new Sealer({ store, noteHead: headWriter(file), clock: systemClock, log });

  const key = digestKey(join(data, KEY_FILE), chance);
  const settings = partsOf({ ...config, warnings: undefined, receiptKey: keys.current.id }, key);
  const changes = changesOf(await store.lastNoted(settingsPrefix(key)), settings, key);
  await store.note(changes, { because: "as read from the site file at the start" });
  if (changes.length > 0) log.info({ parts: changes.length }, "the site is other than last time: it stands in the audit");

  sealer.start();
  closers.add("audit", () => sealer.stop());
  const receipts = new ReceiptDesk({
    site: config.site,
    keys,
    clock,
    commands,
    payments,
    entriesOf: (references) => entriesOf(db, references),
    audit: store,
    sealer,
  });
  return { store, sealer, receipts, pulse: { waiting: () => store.waiting(), trouble: () => sealer.trouble } };
}

/** Secrets of the site file stand in the audit as digests under this key, so that nobody who reads there can try short passwords. */
function digestKey(file: string, chance: Chance): string {
  if (!existsSync(file))
    writeFileSync(file, Buffer.from(chance.bytes(KEY_BYTES)).toString("hex"), { mode: OURS_ALONE, flag: "wx" });
  return readFileSync(file, "utf8").trim();
}
