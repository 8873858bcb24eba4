/** Whether a supply may be cut for money at this moment, worked out once more from rows and a calendar of its own. */
import type { Instant } from "../../src/kernel/clock.ts";
import { hours } from "../../src/kernel/clock.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { yuan } from "../../src/kernel/money.ts";
import type { NoCutSpan } from "../../src/policy/no-cuts.ts";
import type { Books } from "../../src/stores/in-memory/tables.ts";
import type { Site } from "./site.ts";

const SHANGHAI_MS = hours(8);
const DAY_MINUTES = 1_440;

/** Null, or why not. */
export function mayBeCut(books: Books, site: Site, meter: MeterAddress, now: Instant): string | null {
  const row = books.meters.find(null, meter);
  if (row === undefined) return "nobody knows the meter";
  const { account, relayProtected, identity } = row.book;
  if (relayProtected) return "its supply is protected";
  if (identity === "quarantined") return "it is quarantined";
  const available = books.positions.find(null, `available/${account}`)?.amount ?? 0n;
  if (available >= site.house.policy.cutBelow) return `its account has ${yuan(available)}`;
  const spared = site.spared.find((one) => one.account === account && one.from <= now && now < one.to);
  if (spared !== undefined) return `its account is spared: ${spared.by}`;
  const said = books.noCuts.all(null).find((one) => one.endedAt === null && isSaid(one, row.bus, now));
  if (said !== undefined) return `${said.saidBy} has said it of the ${said.scope}: ${said.kind}`;
  return isQuiet(site, now) ? "nobody is cut at this hour" : null;
}

/** What was said for now begins with its being said, whatever the clock of another machine shows. */
const isSaid = ({ scope, from, until, saidAt }: NoCutSpan, bus: string, now: Instant): boolean =>
  (scope === "site" || scope === `bus ${bus}`) && (from <= now || from <= saidAt) && now < until;

function isQuiet({ house }: Site, now: Instant): boolean {
  const { hours: quiet, weekends } = house.policy.noCut;
  const local = now + SHANGHAI_MS;
  const day = new Date(local).getUTCDay();
  if (weekends && (day === 0 || day === 6)) return true;
  const minute = Math.floor(local / 60_000) % DAY_MINUTES;
  const [from, to] = quiet.split("-").map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) as [number, number];
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}
