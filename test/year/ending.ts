/** The end of a year, after calm days: nothing stays open, wallets hold what they should, and whoever paid has supply. */
import { hours } from "../../src/kernel/clock.ts";
import { isOpen } from "../../src/commands/command.ts";
import { isOpenBatch } from "../../src/policy/batch-run.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { rivalsOf } from "../../src/commands/rivals.ts";
import type { Ended } from "./house.ts";
import type { World } from "./world.ts";

/** What went wrong so shortly before an order was given up explains it. */
const NEAR_MS = hours(8);
const HEARD_A_DAY_MAX = 60;
/** These ends are nobody's failure. */
const FINE: ReadonlySet<string> = new Set(["confirmed", "cancelled"]);

export async function judgeEnd(world: World): Promise<void> {
  commandsHaveEnded(world);
  itemsHaveCauses(world);
  wallets(world);
  noMeterWithoutEnd(world);
  const { cuts } = world.house.engine.doors;
  for (const { kind, reason } of await cuts.halts.standing()) world.wrong("nothing stays open", kind, reason);
  for (const batch of await cuts.batches.list(100, null))
    if (isOpenBatch(batch.state)) world.wrong("nothing stays open", batch.id, `a list of cuts is ${batch.state}`);
  for (const open of await world.house.stores.replacements.open())
    world.wrong("nothing stays open", open.oldMeter, `its replacement is ${open.step}, waiting for ${open.waitingFor}`);
}

function commandsHaveEnded(world: World): void {
  for (const { command } of world.house.database.books.commands.all(null))
    if (isOpen(command.state) || command.state === "disputed")
      world.wrong("each command has ended", command.id, `${command.kind} of ${command.meter} is ${command.state}`);
}

/** An end that is no success is an item for a person, until a later order of the same thing is confirmed. What is open has a cause. */
function itemsHaveCauses(world: World): void {
  const { ended, untold } = world.house;
  const same = (one: Ended, other: Ended): boolean =>
    other.command.meter === one.command.meter &&
    (other.command.kind === one.command.kind || rivalsOf(one.command.kind).includes(other.command.kind));
  const last = new Map<string, Ended[]>();
  for (const one of ended) last.set(one.command.meter, [...(last.get(one.command.meter) ?? []), one]);
  for (const one of ended) {
    world.count(`commands: ${one.command.kind} ${one.state}`);
    if (FINE.has(one.state) || one.because === "replaced" || one.because === "superseded") continue;
    const home = world.ownerOf(one.command.meter);
    const isClosed = last
      .get(one.command.meter)!
      .some((other) => other.at > one.at && other.state === "confirmed" && same(one, other));
    if (isClosed) continue;
    world.count("items open at the end");
    const causes = home === undefined ? [] : world.troublesOf(home, one.command.createdAt - NEAR_MS, one.at);
    if (causes.length === 0)
      world.wrong("what is open has a cause", one.command.meter, `${one.command.kind} ended ${one.state}: ${one.because}`);
  }
  for (const [account, since] of untold) {
    const home = world.homes.get(account)!;
    world.count("customers who could not be told, at the end");
    if (home.hasContact && world.troublesOf(home, since - hours(48), since).length === 0)
      world.wrong("what is open has a cause", account, "nobody could tell this customer");
  }
}

/** What was on the first, and what was paid, less what each of its meters deducted, is on the last. */
function wallets(world: World): void {
  const { street } = world.house;
  for (const { account, isRemote, plan } of world.year.homes) {
    if (isRemote) continue;
    const truth = world.account(account);
    const paid = truth.paid.reduce<bigint>((sum, { amount }) => sum + BigInt(amount), parseYuan(plan.balance!));
    const consumed = truth.meters.reduce((sum, meter) => sum + parseYuan(street.snapshot(meter).consumed!), 0n);
    const { balance } = street.snapshot(truth.meter);
    world.count("wallets");
    if (parseYuan(balance) !== paid - consumed)
      world.wrong("a wallet holds what was paid", account, `${balance} on ${truth.meter}, ${paid - consumed} fen due`);
  }
}

function noMeterWithoutEnd(world: World): void {
  const { year, house } = world;
  for (const { account } of year.homes)
    for (const meter of world.account(account).meters) {
      const { heard } = house.street.snapshot(meter);
      world.count("frames heard by meters", heard);
      if (heard > HEARD_A_DAY_MAX * (year.days.length + 1))
        world.wrong("no meter is asked without end", meter, `asked ${heard} times in ${year.days.length} days`);
    }
}
