/** A line is opened when its lease is ours, closed when it is not, and nothing is said in between: seen from the street. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { LineGuard } from "../../src/devices/line-leases.ts";
import { Priority, type Street } from "../../src/devices/meter.ts";
import { Poller } from "../../src/devices/poller.ts";
import { later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { A, raiseHouse, type Carrier, type House } from "./house.ts";

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

/** A lease in the hand of the test. */
class HandLease implements LineGuard {
  isOurs = false;
  /** Between the line's own look and the write, the process was stopped, and the lease has lapsed. */
  isStopped = false;
  readonly #taken: ((buses: readonly string[]) => void)[] = [];
  readonly #lost: ((buses: readonly string[]) => void)[] = [];
  readonly #givingUp: ((bus: string) => Promise<void>)[] = [];

  holds(): boolean {
    return this.isOurs;
  }
  mayDrive(): boolean {
    return this.isOurs || this.isStopped;
  }
  holderOf(): string {
    return this.isOurs ? "us" : "them";
  }
  onTaken(listener: (buses: readonly string[]) => void): void {
    this.#taken.push(listener);
  }
  onLost(listener: (buses: readonly string[]) => void): void {
    this.#lost.push(listener);
  }
  onGivingUp(listener: (bus: string) => Promise<void>): void {
    this.#givingUp.push(listener);
  }
  take(): void {
    this.isOurs = true;
    for (const listener of this.#taken) listener(["bus-1"]);
  }
  lose(): void {
    this.isOurs = false;
    for (const listener of this.#lost) listener(["bus-1"]);
  }
  async giveUp(): Promise<void> {
    this.isOurs = false;
    await Promise.all(this.#givingUp.map((listener) => listener("bus-1")));
  }
}

const raise = async (carrier: Carrier, lease: HandLease): Promise<House> => {
  const house = await raiseHouse({ carrier, guard: lease, bus: { replyDeadlineMs: 3_000 } });
  houses.push(house);
  return house;
};
const isOpen = (house: House): boolean => house.street.buses()[0]!.open;
const notOurs = (error: unknown): boolean => isFault(error, "line-not-ours");
const heard = (house: House): number => house.simulator.frames().length;

describe.each<Carrier>(["tcp", "mqtt"])("a leased line over %s", (carrier) => {
  test("stays closed while it is another's, opens when it becomes ours, and closes when it is lost", async () => {
    const lease = new HandLease();
    const house = await raise(carrier, lease);
    await expect(house.session()).rejects.toSatisfy(notOurs);
    expect(house.street.buses()[0]).toMatchObject({ open: false, heldByUs: false, holder: "them", why: "held by them" });
    expect(house.simulator.frames()).toEqual([]);

    const opened = vi.fn();
    house.street.onLineOpen(opened);
    lease.take();
    const session = await house.session(); // waits for the first opening
    await session.readWallet();
    expect(opened).toHaveBeenCalled();
    expect(house.street.buses()[0]).toMatchObject({ open: true, heldByUs: true, holder: "us", why: null });

    lease.lose();
    await vi.waitFor(() => expect(isOpen(house)).toBe(false));
    const before = heard(house);
    await expect(session.readWallet()).rejects.toSatisfy(notOurs);
    const order = session.topUp(
      { amount: 100n as never, count: 1, opening: false },
      { notAfter: later(systemClock.now(), minutes(5)) },
    );
    await expect(order).rejects.toSatisfy(notOurs);
    await session.close();
    expect(heard(house)).toBe(before);

    lease.take();
    await vi.waitFor(() => expect(isOpen(house)).toBe(true), 10_000);
    const again = await house.session();
    expect(await again.readWallet()).toMatchObject({ count: 0 });
    await again.close();
  });

  test("is given up only after the exchange on the wire has ended; what waits behind it is told, and not sent", async () => {
    const lease = new HandLease();
    lease.isOurs = true;
    const house = await raise(carrier, lease);
    const session = await house.session();
    await session.readWallet();
    house.simulator.setFault(A, { kind: "late-reply", delayMs: 300 });
    const before = heard(house);
    const reading = session.read(["importedEnergy"], "person");
    await vi.waitFor(() => expect(heard(house)).toBeGreaterThan(before));
    let isQuiet = false;
    const givenUp = lease.giveUp().then(() => (isQuiet = true));
    expect(isQuiet).toBe(false);
    expect(await reading).toMatchObject([{ item: "importedEnergy" }]);
    await givenUp;
    expect(isOpen(house)).toBe(false);
    await expect(session.readRelay()).rejects.toSatisfy(notOurs);
    await session.close();
    await expect(house.street.session(A, { priority: Priority.safety })).rejects.toSatisfy(notOurs);
  });
});

test("a lease that lapsed between the line's last look and the write: nothing leaves, and that is known", async () => {
  const lease = new HandLease();
  lease.isOurs = true;
  const house = await raise("tcp", lease);
  const session = await house.session();
  await session.readWallet();
  const before = heard(house);
  lease.isStopped = true;
  lease.isOurs = false;
  await expect(session.readRelay()).rejects.toSatisfy(notOurs);
  await session.close();
  expect(heard(house)).toBe(before);
});

test("a meter that was silent when its line became another's is not asked again and again; ours again, it is asked", async () => {
  const lease = new HandLease();
  lease.isOurs = true;
  const house = await raiseHouse({ carrier: "tcp", guard: lease, meters: [{}], bus: { replyDeadlineMs: 60 } });
  houses.push(house);
  house.simulator.setFault(A, { kind: "silence" });
  const session = await house.session();
  await expect(session.readRelay()).rejects.toSatisfy((error) => isFault(error, "meter-silent"));
  await session.close();
  lease.lose();
  let sessions = 0;
  const street: Street = {
    ...house.street,
    health: (address) => ({ ...house.street.health(address), askAgainAt: null }),
    session: (address, options) => {
      sessions += 1;
      if (sessions > 100) poller.stop().catch(() => undefined); // refused at once, it would go round for ever
      return house.street.session(address, options);
    },
  };
  const never = (): never => {
    throw new Error("nothing is read here");
  };
  const poller = new Poller({
    street,
    intake: { take: never } as never,
    relay: never,
    clock: systemClock,
    log: silentLog,
    duties: () => [{ tier: "warm", everyMs: minutes(15), items: ["importedEnergy"], relay: true }],
    identityInDoubt: () => Promise.resolve(false),
    identity: never,
    sideBySide: () => false,
  });
  poller.start();
  await systemClock.wait(20);
  expect(sessions).toBe(0);
  lease.take();
  await vi.waitFor(() => expect(sessions).toBeGreaterThan(0), 5_000);
  await poller.stop();
});
