/**
 * A version of a tariff, pushed into a meter that deducts by itself: into the spare sets, with the moment at which they take over.
 * What runs is never written. It sets.
 *
 * Done is when the meter shows all of it byte by byte, and that nothing else moved: the command ends there and does not wait for the
 * switch, which may be months away. Whether the switch came about is looked at every night (`exceptions/tariff-check.ts`).
 *
 * A refused write may have changed something all the same. Then the differences are named in the receipt, the switch is taken
 * back, and the command ends `unanswered: partial-write`: what runs goes on as before, and a person decides.
 *
 * Near a switch of whatever origin nothing is begun: which places are spare is asked before the clock, and would be wrong by then.
 */
import { hours, Instant, later, minutes } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { Priority, type MeterSession } from "../../devices/meter.ts";
import { meterModels } from "../../devices/meter-models.ts";
import { differences, nearSwitchIn, only, pendingIn } from "../../devices/meter-tariff/difference.ts";
import { HOLIDAY_COUNT, runningItems, setKinds, switchTimes, WORD_3 } from "../../devices/meter-tariff/items.ts";
import { minutesBetween, switchMoment, WRITTEN_BEFORE_MINUTES } from "../../devices/meter-tariff/moment.ts";
import type { TariffOrder } from "../../devices/meter-tariff/order.ts";
import type { TariffPicture } from "../../devices/meter-tariff/picture.ts";
import { runsOtherwise, wantedOf } from "../../devices/meter-tariff/wanted.ts";
import type { Command } from "../command.ts";
import { isOpen } from "../command.ts";
import type { Choice, CommandDefinition, Verdict, VerifyContext } from "../definition.ts";
import { hasMoved, hasSwitched, judge, runsWhereItRan, type TariffBefore } from "./tariff-judged.ts";
import { withdrawSwitch, writeTariff } from "./tariff-steps.ts";

/** The meter switches by its own clock; beyond this nobody can say on which day. */
const CLOCK_OFF_MS_MAX = minutes(5);
/** Each follows a look that showed what is missing. */
const ATTEMPTS_MAX = 6;
/** A push takes 45 s and gives way to everything else; with less time left what was begun is taken back. */
const BEGUN_BEFORE_DEADLINE_MS = minutes(5);

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
  const near = nearSwitchIn(seen);
  if (near !== null) throw new Fault("tariff-switch-near", { meter: meter.address, switchAt: near, clock: seen.shown });
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
  // Whichever switch comes first: one that stood there may come before it is taken back.
  const [first] = [switchAt, ...Object.values(pending)].sort() as [string];
  const writeUntil = later(seen.takenAt, minutes(minutesBetween(seen.shown, first) - WRITTEN_BEFORE_MINUTES));
  const before: TariffBefore = {
    ...{ switchAt, writeUntil, spare, times, untouched, withdraw },
    was: picture.bytes,
    running: picture.running,
  };
  return { choose: "send", before };
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
  const left = [...judged.spare, ...judged.times, ...judged.withdrawn, ...judged.untouched];
  const runsThere = runsWhereItRan(before, picture);
  if (left.length === 0 && runsThere)
    return { verdict: "done", proof: { ...proof, compared: Object.keys(picture.bytes).length } };
  const givenUp = async (because: string): Promise<Verdict> => {
    const stands = await withdrawSwitch(session, before, picture);
    return { verdict: "unclear", because, found: { ...proof, ...judged, stands, running: picture.running } };
  };
  const isLate = picture.takenAt > before.writeUntil || picture.shown === null || picture.shown >= before.switchAt;
  if (isLate) return givenUp("switch-time-passed");
  if (judged.untouched.length > 0 || !runsThere) return givenUp("foreign-bytes-changed");
  if (context.refusal !== null && hasMoved(before, picture)) return givenUp("partial-write");
  const isLast = context.attempt >= ATTEMPTS_MAX;
  if (context.refusal === null) {
    if (picture.takenAt > command.notAfter - BEGUN_BEFORE_DEADLINE_MS) return givenUp("deadline");
    if (isLast && before.withdraw.some((di) => picture.bytes[di] !== before.was[di])) return givenUp("partial-write");
  }
  if (judged.spare.length > 0 || context.refusal !== null || isLast) await withdrawSwitch(session, before, picture);
  return { verdict: "not-done" };
}

/** Holidays beyond those a meter says it keeps are asked for all the same: one is to come onto the list, or has gone from it. */
async function withAll(session: MeterSession, picture: TariffPicture, items: readonly string[]): Promise<TariffPicture> {
  const unseen = items.filter((di) => picture.bytes[di] === undefined);
  if (unseen.length === 0) return picture;
  const { bytes, takenAt } = await session.readTariff(unseen);
  return { ...picture, bytes: { ...picture.bytes, ...bytes }, takenAt };
}

export const tariffSet: CommandDefinition = {
  kind: "tariff-set",
  title: { en: "Write a tariff into the meter's spare set", zh: "下装备用套电价" },
  effect: "sets",
  priority: Priority.billing,
  notAfterMs: hours(24),
  // What was begun is looked after as long as it could be sent: a switch must not come to half a tariff.
  silenceEndsMs: hours(24),
  // And beyond that until a switch is here: two of its times may stand in a meter that nobody hears.
  lookedAfterUntil: (before) => later(Instant((before as TariffBefore).writeUntil), minutes(WRITTEN_BEFORE_MINUTES)),
  attemptsMax: ATTEMPTS_MAX,
  asked: (book, open) => {
    const other = open.find(({ kind, state }) => kind === "tariff-set" && isOpen(state));
    if (other !== undefined) throw new Fault("tariff-under-way", { meter: book.address, command: other.id });
  },
  look,
  send: (session, _command, before, options) => writeTariff(session, before as TariffBefore, options),
  verify,
};
