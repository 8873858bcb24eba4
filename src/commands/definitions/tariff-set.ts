/**
 * A version of a tariff, pushed into a meter that deducts by itself: into the spare sets, with the moment at which they take over.
 * What runs is never written (domain guide, 7). It sets.
 *
 * Done is when the meter shows all of it byte by byte, and that nothing else moved: the command ends there and does not wait for the
 * switch, which may be months away. Whether the switch came about is looked at every night (`exceptions/tariff-check.ts`).
 *
 * A refused write may have changed something all the same (R2). Then the differences are named in the receipt, the switch is taken
 * back, and the command ends `unanswered: partial-write`: what runs goes on as before, and a person decides.
 */
import { hours, later, minutes } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { Priority, type MeterSession } from "../../devices/meter.ts";
import { meterModels } from "../../devices/meter-models.ts";
import { differences, only, pendingIn, type ByteDifference } from "../../devices/meter-tariff/difference.ts";
import {
  HOLIDAY_COUNT,
  RUNNING_PRICES,
  RUNNING_STEPS,
  runningItems,
  setKinds,
  SPARE_PRICES,
  SPARE_STEPS,
  switchTimes,
  WORD_3,
} from "../../devices/meter-tariff/items.ts";
import { minutesBetween, switchMoment, WRITTEN_BEFORE_MINUTES } from "../../devices/meter-tariff/moment.ts";
import type { TariffOrder } from "../../devices/meter-tariff/order.ts";
import type { TariffPicture } from "../../devices/meter-tariff/picture.ts";
import { runsOtherwise, wantedOf } from "../../devices/meter-tariff/wanted.ts";
import type { Command } from "../command.ts";
import { isOpen } from "../command.ts";
import type { Choice, CommandDefinition, Verdict, VerifyContext } from "../definition.ts";
import { withdrawSwitch, writeTariff, type TariffBefore } from "./tariff-steps.ts";

/** The meter switches by its own clock; beyond this nobody can say on which day. */
const CLOCK_OFF_MS_MAX = minutes(5);
/** Each follows a look that showed what is missing. */
const ATTEMPTS_MAX = 6;

export const orderIn = ({ params }: Pick<Command, "params">): TariffOrder => params["order"] as TariffOrder;
const mayReplace = ({ params }: Command): boolean => params["replacePending"] === true;

/** Moves by itself, or with what is written: word 3, and how many holidays there are. */
const MOVES: ReadonlySet<string> = new Set([WORD_3, HOLIDAY_COUNT]);

function untouchedIn({ bytes, running }: TariffPicture, written: readonly string[]): Record<string, string> {
  const runs = setKinds.flatMap((kind) => runningItems(kind, kind === "zones" || kind === "slots" ? running[kind] : null));
  const others = Object.keys(bytes).filter((di) => !written.includes(di) && !MOVES.has(di));
  return only(bytes, new Set([...runs, ...others]));
}

async function look(session: MeterSession, command: Command): Promise<Choice> {
  const { meter } = session;
  const model = meterModels[meter.model];
  if (!model.wallet || !model.keys || model.money.unit !== "yuan") return { choose: "refuse", fault: "not-supported" };
  const { aheadMs } = await session.readClock();
  if (aheadMs === null || Math.abs(aheadMs) > CLOCK_OFF_MS_MAX) return { choose: "refuse", fault: "clock-too-far" };
  const seen = await session.readTariff("everything");
  if (seen.shown === null) throw new Fault("meter-no-data", { meter: meter.address, item: "clock" });
  const order = orderIn(command);
  const about = { meter: meter.address, model: meter.model };
  const switchAt = switchMoment(order.from, seen.shown);
  const { spare, times } = wantedOf(seen, order, { ...about, switchAt });
  const picture = await withAll(session, seen, Object.keys(spare));
  const pending = pendingIn(picture, seen.shown);
  const differs = differences({ ...spare, ...times }, picture.bytes);
  if (Object.keys(pending).length === 0 && runsOtherwise(picture, order, about).length === 0)
    return { choose: "already-so", proof: { tariff: order.tariff, from: order.from, runs: true, takenAt: picture.takenAt } };
  const isSpareRight = differences(spare, picture.bytes).length === 0;
  const strangers = setKinds.filter(
    (kind) =>
      pending[kind] !== undefined && (pending[kind] !== switchAt || !isSpareRight || times[switchTimes[kind]] === undefined),
  );
  if (differs.length === 0 && strangers.length === 0)
    return { choose: "already-so", proof: { tariff: order.tariff, from: order.from, switchAt, takenAt: picture.takenAt } };
  if (strangers.length > 0 && !mayReplace(command)) return { choose: "refuse", fault: "tariff-switch-pending" };
  const withdraw = strangers.map((kind) => switchTimes[kind]);
  const written = [...Object.keys(spare), ...Object.keys(times), ...withdraw];
  const untouched = untouchedIn(picture, written);
  const writeUntil = later(picture.takenAt, minutes(minutesBetween(seen.shown, switchAt) - WRITTEN_BEFORE_MINUTES));
  const before: TariffBefore = {
    ...{ switchAt, writeUntil, spare, times, untouched, withdraw },
    was: picture.bytes,
    running: picture.running,
  };
  return { choose: "send", before };
}

/** Which items say that the set that was spare runs: prices and steps change places, tables keep theirs. */
const RUNS_AS: Readonly<Record<string, string>> = { [SPARE_PRICES]: RUNNING_PRICES, [SPARE_STEPS]: RUNNING_STEPS };
function hasSwitched({ spare, running, switchAt }: TariffBefore, picture: TariffPicture): boolean {
  if (picture.shown === null || picture.shown < switchAt) return false;
  const wanted = Object.fromEntries(Object.entries(spare).map(([di, hex]) => [RUNS_AS[di] ?? di, hex]));
  const turned = (["zones", "slots"] as const).every(
    (kind) => !writes(spare, kind, running) || picture.running[kind] !== running[kind],
  );
  return turned && differences(wanted, picture.bytes).length === 0;
}
/** A version with one price leaves the tables where they are. */
const writes = (spare: TariffBefore["spare"], kind: "zones" | "slots", { [kind]: place }: TariffBefore["running"]): boolean =>
  Object.keys(spare).some(
    (di) => di.startsWith(place === 0 ? "0402" : "0401") && (di.endsWith("0000") ? kind === "zones" : kind === "slots"),
  );

export interface Judged {
  readonly spare: readonly ByteDifference[];
  readonly times: readonly ByteDifference[];
  readonly untouched: readonly ByteDifference[];
}

async function verify(session: MeterSession, command: Command, context: VerifyContext): Promise<Verdict> {
  const before = context.before as TariffBefore;
  const picture = await withAll(
    session,
    await session.readTariff("everything"),
    Object.keys({ ...before.untouched, ...before.spare }),
  );
  const { tariff, from } = orderIn(command);
  const proof = { tariff, from, switchAt: before.switchAt, takenAt: picture.takenAt };
  if (hasSwitched(before, picture)) return { verdict: "done", proof: { ...proof, runs: true } };
  const judged = judge(before, picture);
  const left = [...judged.spare, ...judged.times, ...judged.untouched];
  if (left.length === 0) return { verdict: "done", proof: { ...proof, compared: Object.keys(picture.bytes).length } };
  const found = { ...proof, ...judged };
  const isLate = picture.takenAt > before.writeUntil || picture.shown === null || picture.shown >= before.switchAt;
  if (isLate) return givenUp(session, before, "switch-time-passed", found);
  if (judged.untouched.length > 0) return givenUp(session, before, "foreign-bytes-changed", found);
  if (context.refusal !== null && hasMoved(before, picture)) return givenUp(session, before, "partial-write", found);
  if (judged.spare.length > 0 || context.refusal !== null || context.attempt >= ATTEMPTS_MAX)
    await withdrawSwitch(session, before);
  return { verdict: "not-done" };
}

/** Holidays beyond those a meter says it keeps are asked for all the same: one is to come onto the list, or has gone from it. */
async function withAll(session: MeterSession, picture: TariffPicture, items: readonly string[]): Promise<TariffPicture> {
  const unseen = items.filter((di) => picture.bytes[di] === undefined);
  if (unseen.length === 0) return picture;
  return { ...picture, bytes: { ...picture.bytes, ...(await session.readTariff(unseen)).bytes } };
}

/** Pure: byte by byte. */
export const judge = ({ spare, times, untouched }: TariffBefore, { bytes }: Pick<TariffPicture, "bytes">): Judged => ({
  spare: differences(spare, bytes),
  times: differences(times, bytes),
  untouched: differences(untouched, bytes),
});

/** Pure: something stands neither as it stood nor as it should: a write was taken by halves. */
export const hasMoved = ({ spare, times, was }: TariffBefore, { bytes }: Pick<TariffPicture, "bytes">): boolean =>
  differences({ ...spare, ...times }, bytes).some(
    ({ item, found }) => found !== (was[item] ?? null) && !isWithdrawn(item, found),
  );
const isWithdrawn = (item: string, found: string | null): boolean =>
  Object.values(switchTimes).includes(item) && found !== null && /^(00)+$/.test(found);

async function givenUp(
  session: MeterSession,
  before: TariffBefore,
  because: string,
  found: Readonly<Record<string, unknown>>,
): Promise<Verdict> {
  await withdrawSwitch(session, before);
  return { verdict: "unclear", because, found };
}

export const tariffSet: CommandDefinition = {
  kind: "tariff-set",
  title: { en: "Write a tariff into the meter's spare set", zh: "下装备用套电价" },
  effect: "sets",
  priority: Priority.billing,
  notAfterMs: hours(24),
  // What was begun is looked after as long as it could be sent: a switch must not come to half a tariff.
  silenceEndsMs: hours(24),
  attemptsMax: ATTEMPTS_MAX,
  asked: (book, open) => {
    const other = open.find(({ kind, state }) => kind === "tariff-set" && isOpen(state));
    if (other !== undefined) throw new Fault("tariff-under-way", { meter: book.address, command: other.id });
  },
  look,
  send: (session, _command, before, options) => writeTariff(session, before as TariffBefore, options),
  verify,
};
