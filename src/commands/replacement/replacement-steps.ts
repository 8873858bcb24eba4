/**
 * What a replacement does by itself, a step at a time. Called with an id, any number of times, at any moment, also after a crash: what to
 * do follows from the row. Reading repeats without harm; the money and the account move in one transaction.
 *
 *     begun      ─► read the old meter; silent, or not the one of the books: what a person gave, else wait for it
 *     old-read   ─► read the new one: is it the one we mean, and where does it begin?
 *     new-read   ─► close the old book, move the account, begin the new bill, set the rest aside for the new wallet
 *     moved      ─► the command that carries it has ended
 */
import { Instant, minutes, type Clock } from "../../kernel/clock.ts";
import { isFault, reasonOf, type FaultCode } from "../../kernel/faults.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import type { Logger } from "../../kernel/log.ts";
import type { Fen } from "../../kernel/money.ts";
import { parseYuan, yuan, ZERO_FEN } from "../../kernel/money.ts";
import type { Reading } from "../../kernel/reading.ts";
import type { Transaction, Transactor } from "../../kernel/transaction.ts";
import { closedWalletLegs } from "../../ledger/closed-wallet.ts";
import { TOTAL } from "../../devices/energy-set.ts";
import { meterModels } from "../../devices/meter-models.ts";
import { Priority, type MeterSession, type Street } from "../../devices/meter.ts";
import { readEnergy } from "../../devices/read-energy.ts";
import type { ConclusionParts } from "../conclusion.ts";
import type { BillingStart } from "../ends-with-money.ts";
import { identityNote, type IdentityWatch } from "../identity-watch.ts";
import { carryOver, type CarryParts } from "./carry-over.ts";
import type { Replacement, ReplacementChange, SeenReadings } from "./replacement.ts";
import type { Wait } from "./waits.ts";

/** What an old meter that still answers said longer ago than this is asked anew before its money moves. */
const FINAL_FRESH_MS = minutes(2);
/** Bits 8 and 9 of run-state word 3: no wallet. */
const WALLET_KIND = 0x0300;
const OLD_ONCE_MORE = "old-meter-once-more";
const OLD_DOUBTED = "old-meter-doubted";
/** 0.01 kWh: so far apart may be what a person read off the old meter and what it says a while later, and the two still bear each other out. */
const SAME_READING = 100n;
const WALLET_ITEMS = ["importedEnergy", "balance", "overdraft", "purchaseCount"] as const;

export interface StepParts extends CarryParts, Pick<ConclusionParts, "commands" | "meters" | "outbox" | "ledger"> {
  readonly clock: Clock;
  readonly log: Logger;
  readonly transactor: Transactor;
  readonly street: Street;
  readonly intake: BillingStart & { take(readings: readonly Reading[]): Promise<void> };
  /** Its newest registers wait for a look that bears them out: from when on one can. */
  readonly borneOutFrom?: (meter: MeterAddress) => Instant | null;
  /** The newest believed value of an item. */
  readonly believed: (meter: MeterAddress, item: string) => Promise<string | null>;
  /** Its registers are doubted, and nobody has decided yet. */
  readonly isDoubted: (meter: MeterAddress) => Promise<boolean>;
  /** A person decided about its readings. */
  readonly settled?: (
    tx: Transaction,
    meter: MeterAddress,
    closing: { readonly by: string; readonly note: string },
  ) => Promise<void>;
  readonly identities: Pick<IdentityWatch, "compared">;
}

/** Goes on as far as it gets; true: something changed. Never throws for the world's faults. */
export async function advance(parts: StepParts, id: string): Promise<boolean> {
  for (let changed = false; ; changed = true) {
    const found = await parts.replacements.find(null, id);
    if (found === null || found.endedAt !== null) return changed;
    if (!(await oneStep(parts, found))) return changed;
  }
}

/** True: it stands elsewhere now. */
async function oneStep(parts: StepParts, r: Replacement): Promise<boolean> {
  switch (r.step) {
    case "begun":
      return readOld(parts, r);
    case "old-read":
      return readNew(parts, r);
    case "new-read":
      return (await isStale(parts, r)) ? readOld(parts, r) : move(parts, r);
    case "moved":
      return lookAtCarrying(parts, r);
    case "done":
    case "abandoned":
      return false;
  }
}

async function waits(parts: StepParts, r: Replacement, waitingFor: Wait): Promise<false> {
  if (r.waitingFor !== waitingFor) await parts.replacements.change(null, r.id, { waitingFor });
  return false;
}

async function goes(parts: StepParts, r: Replacement, change: ReplacementChange): Promise<true> {
  // whoever abandoned it while the meter was asked is not overruled by the answer
  if (!(await parts.replacements.change(null, r.id, { waitingFor: null, ...change }))) return true;
  parts.log.info({ replacement: r.id, meter: r.oldMeter, by: r.newMeter, step: change.step ?? r.step }, "a replacement went on");
  return true;
}

const isStale = ({ clock }: StepParts, { final }: Replacement): Promise<boolean> =>
  Promise.resolve(final?.source === "command" && clock.now() - final.takenAt > FINAL_FRESH_MS);

// --- the old meter

/** `isSecond`: it said so much that it was asked once more. Where it says the same, it has to stay on the wall for a minute, and is asked again then. */
async function readOld(parts: StepParts, r: Replacement, isSecond = false): Promise<boolean> {
  const borneOutFrom = (): Instant | null => parts.borneOutFrom?.(r.oldMeter) ?? null;
  const from = borneOutFrom();
  if (!isSecond && r.waitingFor === OLD_ONCE_MORE && from !== null && parts.clock.now() < from) return false;
  // asked again it says the same, and would be doubted every two seconds; polls and persons may end that
  if (r.waitingFor === OLD_DOUBTED && (await parts.isDoubted(r.oldMeter))) return false;
  const step = r.begin === null ? "old-read" : "new-read";
  const read = await seenOf(parts, r.oldMeter, r.mode === "local", async (session) => {
    await compare(parts, session);
    return (await whatStandsAgainst(parts, r)) === null ? readingsOf(session, r) : [];
  });
  if (read.seen === null && read.fault === "line-not-ours") return false; // its holder goes on with it
  // whose money would it be? Not the word of the line then, not even what it brought before
  const against = await whatStandsAgainst(parts, r);
  if (against !== null) return r.given === null ? waits(parts, r, `final-readings: ${against}`) : takeGiven(parts, r, r.given);
  if (read.seen !== null) {
    await parts.intake.take(read.readings); // bills what was used last
    if (borneOutFrom() !== null) return isSecond ? waits(parts, r, OLD_ONCE_MORE) : readOld(parts, r, true);
    // once the account has gone over nobody can bill it any more
    if (r.mode === "remote" && (await parts.believed(r.oldMeter, TOTAL)) !== read.seen.energy)
      return r.given === null ? waits(parts, r, OLD_DOUBTED) : takeGiven(parts, r, r.given, read.seen.energy);
    return goes(parts, r, { step, final: read.seen });
  }
  // It was taken off the wall after it spoke: what it said then is its last word.
  if (r.final !== null) return r.step === "new-read" ? move(parts, r) : goes(parts, r, { step });
  return r.given === null ? waits(parts, r, "final-readings") : takeGiven(parts, r, r.given);
}

/** Its numbers beside the books, which hear what comes of it. */
async function compare({ identities }: StepParts, session: MeterSession): Promise<void> {
  try {
    await identities.compared(session.meter, await session.readIdentity());
  } catch (error) {
    if (!isFault(error, "meter-no-data")) throw error; // a meter without such numbers contradicts nobody
  }
}

/** Why nothing is taken from the wire: what answers by its address is not, or not alone, the meter of the books. */
async function whatStandsAgainst(
  { meters }: StepParts,
  { oldMeter }: Replacement,
  tx: Transaction | null = null,
): Promise<string | null> {
  const book = await meters.meter(tx, oldMeter);
  return book?.identity === "quarantined" ? (book.identityNote ?? "quarantined") : null;
}

/**
 * A person's readings are checked as any others are: an impossible one bills nobody, and moves nothing. `said`: what the meter says and is
 * not believed; whoever read the same off it vouches for it.
 */
async function takeGiven(parts: StepParts, r: Replacement, given: SeenReadings, said: string | null = null): Promise<boolean> {
  if (given.energy !== null) {
    const reading = { ...totalOf(r.oldMeter, given), source: "person" } as const;
    const vouched = said !== null && isSameReading(given.energy, said);
    const closing = { by: r.askedByName, note: `final reading ${given.energy} kWh: ${r.reason}` };
    const take = (one: Reading): Promise<void> =>
      parts.transactor.transact(async (tx) => {
        const doubts = await parts.intake.takeIn(tx, [one], { vouched, offTheMeter: true });
        if (vouched && doubts.length === 0) await parts.settled?.(tx, r.oldMeter, closing);
      });
    await take(reading);
    // whoever read it off a meter has not heard a broken frame: much at once is enough said
    if ((parts.borneOutFrom?.(r.oldMeter) ?? null) !== null) await take({ ...reading });
    if ((await parts.believed(r.oldMeter, TOTAL)) !== given.energy) return waits(parts, r, "final-reading-impossible");
  }
  return goes(parts, r, { step: "old-read", final: given });
}

function isSameReading(one: string, other: string): boolean {
  const apart = parseYuan(one, "energy") - parseYuan(other, "energy"); // two decimals, as money
  return (apart < 0n ? -apart : apart) <= SAME_READING;
}

// --- the new one

async function readNew(parts: StepParts, r: Replacement): Promise<boolean> {
  const record = parts.street.meter(r.newMeter);
  if (record === undefined) return waits(parts, r, "new-meter-unknown-here");
  const isLocal = r.mode === "local";
  const doubt: { why?: Wait } = {};
  const proved: { count?: number; opened?: boolean } = {};
  const read = await seenOf(parts, r.newMeter, isLocal, async (session) => {
    const note = identityNote(record, await session.readIdentity());
    if (note !== null) {
      doubt.why = `new-meter-identity: ${note}`;
      return readingsOf(session, r); // its keys would be another's too
    }
    const picture = await session.readRelay();
    if (isLocal && session.money.purchase === "purchase-count") {
      // by its keys: what cannot prove itself to us could not be sent the balance either
      const { count, accountOpened } = await session.readWallet();
      Object.assign(proved, { count, opened: accountOpened });
    }
    if (r.mode === "remote" && meterModels[record.model].wallet && (picture.word & WALLET_KIND) !== 0)
      doubt.why = "new-meter-in-local-mode";
    return readingsOf(session, r);
  });
  if (read.seen === null && read.fault === "line-not-ours") return false;
  if (read.seen === null) return waits(parts, r, read.fault === "meter-silent" ? "new-meter" : `new-meter: ${read.fault}`);
  if (doubt.why !== undefined) return waits(parts, r, doubt.why);
  if (r.mode === "remote") return goes(parts, r, { step: "new-read", begin: { ...read.seen, registers: read.readings } });
  await parts.intake.take(read.readings); // it belongs to nobody yet: nobody is billed
  return goes(parts, r, { step: "new-read", begin: { ...read.seen, ...proved } });
}

// --- money and account

async function move(parts: StepParts, r: Replacement): Promise<boolean> {
  const { transactor, replacements, clock, outbox } = parts;
  const moved = await transactor.transact(async (tx) => {
    for (const address of [r.oldMeter, r.newMeter].sort()) await parts.meters.meter(tx, address);
    const now = await replacements.find(tx, r.id);
    if (now?.step !== "new-read" || now.endedAt !== null || now.final === null || now.begin === null) return null;
    // it was found to be another's since it was read
    if (now.final.source === "command" && (await whatStandsAgainst(parts, now, tx)) !== null) return "in-doubt";
    if ((await parts.commands.lockOpen(tx, r.oldMeter)).some(({ effect }) => effect !== "reads")) return null;
    const shown = now.mode === "local" ? netOf(now.final) : ZERO_FEN;
    await closeBook(parts, tx, now, shown);
    const at = clock.now();
    await replacements.moveAccount(tx, now, at);
    if (now.mode === "remote" && now.begin.energy !== null)
      await parts.intake.takeIn(tx, now.begin.registers ?? [totalOf(now.newMeter, now.begin)]);
    const hasRest = now.account !== null && shown > 0n;
    await replacements.change(tx, r.id, {
      ...{ step: hasRest ? "moved" : "done", waitingFor: null, carried: hasRest ? shown : ZERO_FEN, movedAt: at },
      ...(hasRest ? {} : { endedAt: at }),
    });
    if (hasRest) await carryOver(parts, tx, now, { amount: shown, cameInNow: true });
    for (const address of [now.oldMeter, now.newMeter]) await outbox.announce(tx, { type: "meter", address });
    if (now.account !== null) await outbox.announce(tx, { type: "account", account: now.account });
    return { carried: hasRest ? yuan(shown) : "0.00" };
  });
  if (moved === null) return waits(parts, r, "commands-of-the-old-meter");
  if (moved === "in-doubt") return readOld(parts, r);
  parts.log.info(
    { replacement: r.id, meter: r.oldMeter, by: r.newMeter, ...moved },
    "the account has gone over to its new meter",
  );
  return true;
}

async function closeBook({ ledger }: StepParts, tx: Transaction, r: Replacement, shown: Fen): Promise<void> {
  const { account, oldMeter: meter } = r;
  if (account === null) return;
  const inBooks = await ledger.onMeter(tx, meter);
  await ledger.moveOver(tx, {
    by: r.askedByName,
    reference: `replacement/${r.id}`,
    note: `${meter} was replaced by ${r.newMeter}; its wallet showed ${yuan(shown)} (${r.final?.source ?? "nobody"})`,
    legs: closedWalletLegs({ meter, account, inBooks, shown }),
  });
}

async function lookAtCarrying(parts: StepParts, r: Replacement): Promise<boolean> {
  const command = r.command === null ? null : await parts.commands.find(null, r.command);
  if (command?.state === "confirmed") return goes(parts, r, { step: "done", endedAt: parts.clock.now() });
  const isOver = command?.endedAt != null;
  return waits(parts, r, isOver ? `carry-over-${command.state}` : "carry-over");
}

// --- reading

const readingsOf = (session: MeterSession, { mode }: Replacement): Promise<readonly Reading[]> =>
  mode === "local" ? session.read(WALLET_ITEMS, "command") : readEnergy(session);

const totalOf = (meter: MeterAddress, { energy, takenAt }: SeenReadings): Reading => ({
  ...{ meter, item: TOTAL, value: energy, unit: "kWh", takenAt: Instant(takenAt), source: "command" },
});

const netOf = ({ balance }: SeenReadings): Fen => (balance === null ? ZERO_FEN : parseYuan(balance, "balance"));

type Heard =
  { readonly seen: SeenReadings; readonly readings: readonly Reading[] } | { readonly seen: null; readonly fault: FaultCode };

/** What a meter says now; a fault: nobody answered, or not all of it. */
async function seenOf(
  { street, clock, log }: StepParts,
  meter: MeterAddress,
  withWallet: boolean,
  read: (session: MeterSession) => Promise<readonly Reading[]>,
): Promise<Heard> {
  let session: MeterSession | null = null;
  try {
    session = await street.session(meter, { priority: Priority.person, mayProbe: true });
    const readings = await read(session);
    const of = (item: string): string | null => readings.find((reading) => reading.item === item)?.value ?? null;
    const [energy, balance, overdraft, count] = WALLET_ITEMS.map(of);
    if (energy == null || (withWallet && balance == null)) return { seen: null, fault: "meter-no-data" };
    const net = withWallet ? yuan(parseYuan(balance!, "balance") - parseYuan(overdraft ?? "0.00", "overdraft")) : null;
    return {
      readings,
      seen: {
        ...{ energy, balance: net, count: withWallet ? Number(count ?? 0) : null },
        ...{ takenAt: clock.now(), source: "command" },
      },
    };
  } catch (error) {
    if (!isFault(error)) throw error;
    log.debug({ meter, fault: error.code, reason: reasonOf(error) }, "a replacement found nobody");
    return { seen: null, fault: error.code };
  } finally {
    await session?.close();
  }
}
