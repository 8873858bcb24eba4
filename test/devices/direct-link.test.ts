/** Reading without a gateway: links are parsed with errors that name the part, and opened once. */
import { afterEach, describe, expect, test } from "vitest";
import { openDirectLink } from "../../src/devices/direct-link.ts";
import { parseLink } from "../../src/devices/link-url.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { A, B, raiseHouse, type Carrier } from "./house.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const parts = { clock: systemClock, chance: seededChance(1), log: silentLog };

describe("links", () => {
  test("are read with their defaults", () => {
    expect(parseLink("tcp://10.0.0.7:2404")).toEqual({ transport: { kind: "tcp", host: "10.0.0.7", port: 2404 } });
    expect(parseLink("tcp://[::1]:2404").transport).toMatchObject({ host: "::1" });
    expect(parseLink("serial:///dev/ttyUSB0").transport).toEqual({
      kind: "serial",
      path: "/dev/ttyUSB0",
      baudRate: 2400,
      dataBits: 8,
      parity: "even",
      stopBits: 1,
    });
    expect(parseLink("serial:///dev/ttyUSB0?baud=9600&parity=none&stop=2").transport).toMatchObject({
      baudRate: 9600,
      parity: "none",
      stopBits: 2,
    });
    expect(parseLink("mqtt://broker:1883")).toMatchObject({
      transport: { down: "meters/{address}/down", up: "meters/{address}/up" },
      broker: { url: "mqtt://broker:1883" },
    });
    expect(parseLink("mqtt://broker:1883?payload=json&down=dtu/17/down&up=dtu/17/up").transport).toEqual({
      kind: "mqtt",
      down: "dtu/17/down",
      up: "dtu/17/up",
      payload: "json",
    });
  });
  for (const [link, part] of [
    ["tcp://10.0.0.7", "port"],
    ["tcp://10.0.0.7:2404?baud=9600", "?baud"],
    ["http://10.0.0.7:80", "kind"],
    ["serial://", "path"],
    ["serial:///dev/x?baud=fast", "?baud"],
    ["serial:///dev/x?parity=mark", "?parity"],
    ["mqtt://broker:1883?down=meters/1", "?down"],
    ["mqtt://broker:1883?up=dtu/17/up", "?up"],
    ["mqtt://broker:1883?payload=xml", "?payload"],
    ["not a link", "all of it"],
  ] as const) {
    test(`${link} is refused for its ${part}`, () => {
      expect(() => parseLink(link)).toThrow(new RegExp(`invalid-request.*link: ${part.replace("?", "\\?")}`));
    });
  }
  test("credentials are used and shown nowhere", () => {
    const target = parseLink("mqtt://gateway:swordfish@broker:1883");
    expect(target.broker?.username).toBe("gateway");
    expect(target.broker?.password?.open()).toBe("swordfish");
    expect(JSON.stringify(target)).not.toContain("swordfish");
    expect(openDirectLink("mqtt://gateway:swordfish@broker:1883", parts).name).toBe("mqtt://broker:1883");
  });
});

for (const carrier of ["tcp", "serial", "mqtt"] satisfies Carrier[]) {
  test(`a meter is read over ${carrier}`, async () => {
    const house = await raiseHouse({ carrier });
    closers.push(() => house.close());
    await house.street.close(); // a serial line has one master
    const { at } = house.simulator.endpoints[0]!;
    const url =
      carrier === "tcp" ? `tcp://127.0.0.1:${at ?? ""}` : carrier === "serial" ? `serial://${at ?? ""}?baud=9600` : String(at);
    const link = openDirectLink(url, parts);
    closers.push(() => link.close());
    const readings = await link.read(A, ["balance", "relay"]);
    expect(readings).toMatchObject([
      { item: "balance", value: "50.00", unit: "yuan" },
      { item: "relay", value: "connected" },
    ]);
    expect(link.evidence).toHaveLength(4);
    expect(link.trace.last().map(({ direction }) => direction)).toContain("received");
  });
}

for (const [mqtt, options] of [
  [{ payload: "hex" }, "payload=hex"],
  [{ payload: "json", dtu: "17" }, "payload=json&down=dtu/17/down&up=dtu/17/up"],
] as const) {
  test(`two meters are read over mqtt with ?${options}`, async () => {
    const house = await raiseHouse({ carrier: "mqtt", mqtt });
    closers.push(() => house.close());
    const link = openDirectLink(`${house.broker!.url}?${options}`, parts);
    closers.push(() => link.close());
    expect([...(await link.read(A, ["balance"])), ...(await link.read(B, ["balance"]))]).toMatchObject([
      { meter: A, value: "50.00" },
      { meter: B, value: "50.00" },
    ]);
  });
}

test("a link that cannot be opened is told apart from a meter that is silent", async () => {
  const nobody = openDirectLink("serial:///dev/ttyNOWHERE", parts);
  await expect(nobody.read(A, ["balance"])).rejects.toSatisfy((error) => isFault(error, "serial-unavailable"));
  await nobody.close();
});
