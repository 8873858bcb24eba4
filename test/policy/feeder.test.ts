/** On a real street: two customers of one feeder pay in the same moment. One has light at once, the other's restore waits for its turn, and says so. */
import { expect, test } from "vitest";
import { minutes } from "../../src/kernel/clock.ts";
import { ask, ended, thing, untilTrue } from "../api/door.ts";
import { accountOf, raiseTestHouse } from "../support/test-house.ts";

test("of two restores of one feeder the second waits, where a minute may see but one", async () => {
  const addresses = ["202611220461", "202611220462"] as const;
  const house = await raiseTestHouse({
    meters: addresses.map((address) => ({ address, model: "remote-ledger", mode: "remote", loadKw: 6, energyKwh: "10.00" })),
    site: {
      policy: {
        ...{ mode: "live", restoreBy: "reconnect", noCut: { hours: "", weekends: false } },
        stagger: { seconds: 1, perMinute: 1 },
      },
    },
  });
  try {
    const { url } = house.gateway;
    house.street.pauseHouseholds();
    await house.gateway.pollAll();
    house.street.resumeHouseholds();
    house.street.advance(minutes(20));
    house.street.pauseHouseholds();
    await house.gateway.pollAll();
    for (const address of addresses)
      await untilTrue("the cut to be confirmed", async () => {
        const { json } = await ask(url, "GET", `/v1/meters/${address}`);
        return thing(json["relay"])["reported"] === "disconnected" && thing(json["relay"])["cutBy"] === "rule";
      });
    const pay = async (address: string): Promise<unknown> => {
      const order = { account: accountOf(address), amount: "100.00", channel: "bank", orderId: address };
      return thing((await ask(url, "POST", "/v1/payments", { body: order })).json["command"])["id"];
    };
    const [first, second] = [await pay(addresses[0]), await pay(addresses[1])];
    expect(await ended(url, first)).toMatchObject({ kind: "reconnect", state: "confirmed" });
    const stand = async () => (await ask(url, "GET", `/v1/commands/${String(second)}`)).json;
    await untilTrue("the second to be taken to its feeder", async () => (await stand())["waitingFor"] === "feeder");
    expect(await stand()).toMatchObject({ state: "queued", proof: { sent: null } });
    expect(house.street.snapshot(addresses[1]).relay).toBe("disconnected");
  } finally {
    await house.close();
  }
});
