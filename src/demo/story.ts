/**
 * The story of one day on the street, told as it happens and checked on the meters themselves.
 *
 * It begins on a Monday at nine. Between its steps the clock jumps, while no exchange is under way and no command is in hand;
 * wire time is never compressed. Every claim is checked against the street's own door: "confirmed" alone proves nothing here.
 */
import { hours, iso, minutes, type ShiftableClock } from "../kernel/clock.ts";
import { Fen, parseYuan } from "../kernel/money.ts";
import { Desk, StoryBroken, type Thing } from "./desk.ts";
import type { DemoHouse } from "./house.ts";
import { openingOf, reckon, type Reckoning } from "./reckoning.ts";
import { residents } from "./street-plan.ts";

export interface Count {
  readonly asked: number;
  readonly confirmed: number;
  readonly cancelled: number;
}

export interface StoryEnd {
  readonly topUps: Count;
  readonly disconnects: Count;
  readonly reconnects: Count;
  readonly transports: readonly string[];
  readonly money: Reckoning;
}

const COMMAND_MS_MAX = 40_000;

function check(holds: boolean, claim: string): void {
  if (!holds) throw new StoryBroken(`not so on the meter: ${claim}`);
}

const accountOf = (name: string): { readonly account: string; readonly address: string } => {
  const resident = residents.find((one) => one.name === name)!;
  return { account: resident.account, address: resident.meter.address };
};

export async function tell(house: DemoHouse, clock: ShiftableClock, say: (line: string) => void): Promise<StoryEnd> {
  const { street, gateway } = house;
  const desk = new Desk(gateway.url, clock);
  let paidIn = 0n;
  const tellTime = (line: string): void => say(`${iso(clock.now()).slice(11, 16)}  ${line}`);
  const pay = async (account: string, amount: string): Promise<string | null> => {
    paidIn += parseYuan(amount);
    return (await desk.pay(account, amount)).command;
  };
  /** Between two steps: everything in hand is finished, the lines are held, the clock moves. */
  const jump = async (ms: number): Promise<void> => {
    const release = await gateway.hold();
    await clock.jump(ms);
    release();
  };

  tellTime("A street of ten meters: three on a serial line, four on TCP, three on MQTT. Every meter is read once.");
  await gateway.pollAll();
  const opening = openingOf(street);
  for (const { address, account } of ["Workshop", "Flat 5", "Laundry"].map(accountOf)) {
    await pay(account, "15.00");
    check(street.snapshot(address).relay === "connected", `${address} is connected`);
  }
  tellTime("Workshop, Flat 5 and Laundry have no wallet in their meter: each pays 15.00 into the ledger.");
  street.resumeHouseholds();

  await topUps();
  await emptyWallet();
  await cutAndRestored();
  await paidJustBeforeTheCut();

  street.pauseHouseholds();
  await desk.until("every meter's last reading", COMMAND_MS_MAX, async () => {
    await gateway.pollAll();
    const meters = (await desk.get("/v1/meters?limit=1000"))["items"] as readonly Thing[];
    const behind = meters.filter(
      (meter) =>
        ((meter["readings"] as Record<string, Thing>)["importedEnergy"]?.["value"] ?? "") !==
        street.snapshot(String(meter["address"])).energyKwh,
    );
    return behind.length === 0 ? true : null;
  });
  await desk.until("every command has ended", COMMAND_MS_MAX, async () =>
    (await desk.commands("")).every((command) => command["endedAt"] !== null) ? true : null,
  );
  tellTime("The households rest; the last reading is billed. The reckoning:");
  return {
    topUps: await count(["top-up", "open-account"]),
    disconnects: await count(["disconnect"]),
    reconnects: await count(["reconnect", "arm"]),
    transports: await provenTransports(),
    money: await reckon(street, desk, opening, Fen(paidIn)),
  };

  async function topUps(): Promise<void> {
    const lost = accountOf("Flat 2");
    street.setFault(lost.address, { kind: "lost-reply", function: "03", di: "070102FF" });
    tellTime(
      "Bakery (serial), Flat 2 (TCP) and Kiosk (MQTT) top up their wallets. Flat 2's meter will obey, and its answer will be lost.",
    );
    const orders = [
      { ...accountOf("Bakery"), amount: "100.00" },
      { ...lost, amount: "50.00" },
      { ...accountOf("Kiosk"), amount: "30.00" },
    ];
    const before = new Map(orders.map(({ address }) => [address, street.snapshot(address)]));
    const asked = await Promise.all(
      orders.map(async (order) => ({ ...order, command: (await pay(order.account, order.amount))! })),
    );
    for (const { address, amount, command } of asked) {
      const end = await desk.commandIn(command, "confirmed", COMMAND_MS_MAX);
      const was = before.get(address)!;
      const is = street.snapshot(address);
      check(is.purchaseCount === was.purchaseCount + 1, `${address} counts one purchase more`);
      check(
        parseYuan(is.credited ?? "0") - parseYuan(was.credited ?? "0") === parseYuan(amount),
        `${address} was credited ${amount} once`,
      );
      const reply =
        (end["proof"] as Thing)["acknowledged"] === null
          ? "no answer came, the meter was read instead"
          : "acknowledged, then read";
      tellTime(`  ${address}  +${amount} yuan, purchase ${is.purchaseCount}: confirmed (${reply}).`);
    }
    const proof = (await desk.get(`/v1/commands/${asked[1]!.command}`))["proof"] as Thing;
    check(proof["acknowledged"] === null, "the answer of Flat 2's top-up was lost");
    check(street.snapshot(lost.address).obeyed.topUps === 1, "Flat 2's meter obeyed exactly one top-up");
  }

  async function emptyWallet(): Promise<void> {
    const { account, address } = accountOf("Flat 3");
    await jump(hours(3));
    check(street.snapshot(address).relay === "disconnected", "Flat 3's wallet ran empty and the meter cut by itself");
    tellTime("Three hours later Flat 3's wallet is empty; its meter has cut the supply by itself. Flat 3 pays 20.00.");
    await desk.commandIn((await pay(account, "20.00"))!, "confirmed", COMMAND_MS_MAX);
    check(street.snapshot(address).relay === "connected", "Flat 3's supply returned by itself");
    await desk.until("the gateway sees Flat 3's relay return", COMMAND_MS_MAX, async () =>
      ((await desk.get(`/v1/meters/${address}`))["relay"] as Thing)["reported"] === "connected" ? true : null,
    );
    tellTime("  confirmed; the meter reconnected, and the gateway has seen the relay return.");
  }

  async function cutAndRestored(): Promise<void> {
    const { account, address } = accountOf("Laundry");
    await jump(hours(3));
    await gateway.pollAll();
    const cut = await desk.until("a cut of the Laundry", COMMAND_MS_MAX, () => desk.newest("disconnect", address));
    await desk.commandIn(String(cut["id"]), "confirmed", COMMAND_MS_MAX);
    check(street.snapshot(address).relay === "disconnected", "the Laundry's relay is open");
    const owed = String((await desk.get(`/v1/accounts/${account}`))["available"]);
    tellTime(`The Laundry has used up its credit (${owed}); the rules cut it: confirmed by its relay. It pays 60.00.`);
    const restore = await pay(account, "60.00");
    if (restore === null) throw new StoryBroken("the payment did not ask for the restore");
    await desk.commandIn(restore, "confirmed", COMMAND_MS_MAX);
    check(street.snapshot(address).relay === "connected", "the Laundry's relay is closed again");
    tellTime("  restored: confirmed by its relay.");
  }

  async function paidJustBeforeTheCut(): Promise<void> {
    const { account, address } = accountOf("Workshop");
    // The meter's run-state word cannot be read just now, so the cut has to wait: it is accepted, and nothing has left.
    const fault = street.setFault(address, { kind: "silence", function: "11", di: "04000503", times: 1_000 });
    await jump(hours(1) + minutes(30));
    await gateway.pollAll();
    const cut = await desk.until("a cut of the Workshop", COMMAND_MS_MAX, () => desk.newest("disconnect", address));
    check(street.snapshot(address).obeyed.disconnects === 0, "the Workshop was not cut");
    tellTime(
      "The Workshop's credit is gone too and its cut is on the way, on a line that is bad just now. It pays 40.00 at the last moment.",
    );
    await pay(account, "40.00");
    await desk.commandIn(String(cut["id"]), "cancelled", COMMAND_MS_MAX);
    street.clearFaults(address, fault);
    check(
      street.snapshot(address).relay === "connected" && street.snapshot(address).obeyed.disconnects === 0,
      "the Workshop's relay never moved",
    );
    tellTime("  the cut is cancelled because of the payment; not one byte of it left.");
  }

  async function count(kinds: readonly string[]): Promise<Count> {
    const all = (await Promise.all(kinds.map((kind) => desk.commands(`kind=${kind}`)))).flat();
    const of = (state: string): number => all.filter((command) => command["state"] === state).length;
    return { asked: all.length - of("cancelled"), confirmed: of("confirmed"), cancelled: of("cancelled") };
  }

  /** Kinds of line on which a top-up was confirmed. */
  async function provenTransports(): Promise<readonly string[]> {
    const busOf = new Map(residents.map(({ meter }) => [meter.address, meter.bus]));
    const buses = new Set(
      (await desk.commands("kind=top-up&state=confirmed")).map((command) => busOf.get(String(command["meter"]))),
    );
    return ["serial", "tcp", "mqtt"].filter((kind) => [...buses].some((bus) => bus?.startsWith(kind) === true));
  }
}
