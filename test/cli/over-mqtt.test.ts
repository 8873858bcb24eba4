/** `scan`, `sniff` and `doctor --link` over MQTT: on topics of each meter, on those of a DTU, and at brokers that are not as they should be. */
import { createServer, type AddressInfo } from "node:net";
import { Aedes } from "aedes";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildStreet, type FaultOrder, type Street } from "../../simulator/street.ts";
import { main } from "../../src/cli/meterctl.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { bytesOfHex } from "../../src/protocols/dlt645/index.ts";
import { startEmbeddedBroker, type EmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { until } from "../simulator/support/street.ts";
import { freePort } from "../support/servers.ts";
import { meterctl, type Said } from "./terminal.ts";

const A = "202611220001";
const B = "202611220002";
const ASKED = "FEFEFEFE680100221126206811043335C333BD16";
const DTU = "?down=dtu/17/down&up=dtu/17/up&payload=json";

let broker: EmbeddedBroker;
let street: Street;
let third: MqttClient;
beforeAll(async () => {
  broker = await startEmbeddedBroker({ port: 0 });
  const { url } = broker;
  street = await buildStreet({
    clock: systemClock,
    seed: 7,
    buses: [
      { id: "each", endpoint: { kind: "mqtt", url } },
      { id: "dtu", endpoint: { kind: "mqtt", url, payload: "json", dtu: "17" } },
    ],
    meters: [
      { address: A, bus: "each", balance: "50.00" },
      { address: B, bus: "each" },
      { address: "202611220003", bus: "dtu" },
    ],
  });
  third = await mqtt.connectAsync(url);
});
afterAll(async () => {
  await third.endAsync(true);
  await street.close();
  await broker.close();
});

const readMeter = (address: string, link = broker.url): Promise<Said> => meterctl(["read", address, "balance", "--link", link]);

describe("scan", () => {
  test("where each meter has its own topics it says that there is no search, and asks by name who is heard meanwhile", async () => {
    const said = meterctl(["scan", "--link", broker.url, "--for", "3", "--wait", "400", "--json"]);
    for (let n = 0; n < 4; n += 1) {
      await readMeter(A);
      third.publish("meters/202611229999/down", Buffer.from(bytesOfHex(ASKED)));
      await systemClock.wait(300);
    }
    const { code, out, error } = await said;
    expect(error).toMatch(/no search over MQTT.*meters\/\+\/up/);
    expect(JSON.parse(out)).toMatchObject({
      way: "heard",
      complete: false,
      meters: [
        { address: A, confirmed: true, doubled: false, baud: null },
        { address: "202611229999", confirmed: false, answerMs: null },
      ],
      questions: 3,
    });
    expect(code).toBe(0);
  });

  test("where nobody is heard it ends with 1", async () => {
    const link = `${broker.url}?down=empty/{address}/down&up=empty/{address}/up`;
    const said = await meterctl(["scan", "--link", link, "--for", "0.1", "--lang", "zh"]);
    expect({ code: said.code, out: said.out }).toEqual({
      code: 1,
      out: expect.stringMatching(/^0 块表.*仅限监听到的表$/) as string,
    });
    expect(said.error).toMatch(/MQTT 上无法搜表/);
  });

  test("behind a DTU the wires are searched as any other", async () => {
    const said = await meterctl(["scan", "--link", broker.url + DTU, "--wait", "2000", "--json"]);
    expect(JSON.parse(said.out)).toMatchObject({
      way: "search",
      complete: true,
      meters: [{ address: "202611220003", confirmed: true }],
      questions: 3,
    });
    expect(said.code).toBe(0);
  });

  test("an address that is only part of a level cannot be listened to, and a speed cannot be set: 2, with what is allowed", async () => {
    const link = `${broker.url}?down=m-{address}/down&up=m-{address}/up`;
    const part = await meterctl(["scan", "--link", link]);
    expect(part.code).toBe(2);
    expect(part.error).toMatch(/whole level/);
    expect((await meterctl(["scan", "--link", broker.url, "--baud", "2400"])).code).toBe(2);
  });
});

describe("sniff", () => {
  function sniffing(
    link: string,
    ...more: readonly string[]
  ): { lines: string[]; stop(): Promise<number>; ended: Promise<number> } {
    const [lines, stop] = [[] as string[], new AbortController()];
    const terminal = {
      out: (text: string) => lines.push(...text.split("\n")),
      error: () => undefined,
      env: {},
      stop: stop.signal,
    };
    const ended = main(["sniff", "--link", link, ...more], terminal);
    return { lines, ended, stop: () => (stop.abort(), ended) };
  }
  /** The broker grants a topic some time after it was asked for. */
  const heard = async (me: { lines: string[] }, read: () => Promise<unknown>): Promise<void> => {
    await until("an answer is told", async () => {
      await read();
      const [asked, answered] = [/→ \d|"request"/, /← \d|"reply"/];
      return [asked, answered].every((sign) => me.lines.some((line) => sign.test(line)));
    });
    me.lines.length = 0; // what was heard while the topics were granted one after the other may be half of it
    await read();
    await until("all of it is told", () => me.lines.some((line) => /← \d|"reply"/.test(line)));
  };

  test("rows of sixteen bytes beneath their topic, both ways, and what they mean", async () => {
    const me = sniffing(broker.url);
    await heard(me, () => readMeter(A));
    expect(await me.stop()).toBe(0);
    const clock = String.raw`\d\d:\d\d:\d\d\.\d{3}  `;
    const down = me.lines.findIndex((line) => line.includes(`↓ meters/${A}/down`));
    expect(me.lines[down]).toMatch(new RegExp(`^${clock}↓ meters/${A}/down$`));
    expect(me.lines[down + 1]).toMatch(new RegExp(`^${clock}[0-9A-F]{6}  FE FE FE FE 68 01 00 22 11 26 20 68 11 04 33 35$`));
    expect(me.lines[down + 3]!.trim()).toBe(`→ ${A} read data 00900200 balance`);
    const up = me.lines.findIndex((line) => line.includes(`↑ meters/${A}/up`));
    expect(up).toBe(down + 4);
    expect(
      me.lines
        .slice(up)
        .find((line) => line.includes("←"))!
        .trim(),
    ).toBe(`← ${A} read data 00900200 balance 50.00 yuan`);
    expect(me.lines.at(-1)).toMatch(/^\d+ bytes: \d+ requests, \d+ replies, 0 bytes that belong to no frame$/);
  });

  test("for programs each row and frame carries topic and side, and meters on topics of their own are not mixed up", async () => {
    const me = sniffing(broker.url, "--json");
    await heard(me, () => Promise.all([readMeter(A), readMeter(B)]));
    await me.stop();
    const told = me.lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const frames = told.filter(({ what }) => what === "frame");
    expect(frames.length).toBeGreaterThan(1);
    for (const { meter, direction, topic, side } of frames) {
      expect(side).toBe(direction === "request" ? "down" : "up");
      expect(topic).toBe(`meters/${String(meter)}/${String(side)}`);
    }
    expect(told.at(-1)).toMatchObject({ what: "summary", malformed: 0, retained: 0, noiseBytes: 0 });
  });

  test("what is in another form than agreed, and what lay on the broker, is said", async () => {
    const link = `${broker.url}?down=odd/{address}/down&up=odd/{address}/up&payload=hex`;
    await third.publishAsync(`odd/${A}/up`, ASKED, { retain: true, qos: 1 });
    onTestFinished(async () => {
      await third.publishAsync(`odd/${A}/up`, "", { retain: true, qos: 1 });
    });
    const me = sniffing(link);
    await until("the retained one is told", () => me.lines.some((line) => line.includes("→")));
    await third.publishAsync(`odd/${B}/up`, "moonlight", { qos: 1 });
    await until("the other one is told", () => me.lines.some((line) => line.includes("no hex digit")));
    await me.stop();
    expect(me.lines.join("\n")).toMatch(new RegExp(`↑ odd/${A}/up\n +✗ retained[^\n]*\n`));
    expect(me.lines.join("\n")).toContain("1 messages in another form than agreed (payload of the link), 1 retained");
  });

  test("a frame in two messages is one frame", async () => {
    const me = sniffing(`${broker.url}?down=two/{address}/down&up=two/{address}/up`);
    const bytes = Buffer.from(bytesOfHex(ASKED));
    await until("it is told", async () => {
      await third.publishAsync(`two/${A}/down`, bytes.subarray(0, 9), { qos: 1 });
      await third.publishAsync(`two/${A}/down`, bytes.subarray(9), { qos: 1 });
      return me.lines.some((line) => line.includes(`→ ${A} read data`));
    });
    expect(await me.stop()).toBe(0);
  });

  test("nobody at the link is 3, and so is a broker that goes away", async () => {
    expect((await meterctl(["sniff", "--link", `mqtt://127.0.0.1:${await freePort()}`])).code).toBe(3);
    const other = await startEmbeddedBroker({ port: 0 });
    const talker = await mqtt.connectAsync(other.url);
    const me = sniffing(other.url);
    await until("it listens", async () => {
      await talker.publishAsync(`meters/${A}/down`, Buffer.from(bytesOfHex(ASKED)));
      return me.lines.length > 0;
    });
    await talker.endAsync(true);
    await other.close();
    expect(await me.ended).toBe(3);
  });
});

describe("doctor", () => {
  interface Finding {
    readonly code: string;
    readonly found: { readonly en: string; readonly zh: string };
    readonly next: { readonly en: string } | null;
  }
  const examine = async (link: string, ...more: readonly string[]) => {
    const said = await meterctl(["doctor", "--link", link, "--json", "--wait", "400", "--listen", "60", ...more]);
    const findings = JSON.parse(said.out) as readonly Finding[];
    return { code: said.code, codes: findings.map(({ code }) => code), words: findings.map(({ found }) => found.en).join("\n") };
  };
  const onBus = (bus: string, fault: FaultOrder): void => {
    street.setBusFault(bus, fault);
    onTestFinished(() => void street.clearBusFaults(bus));
  };

  test("a meter that answers, and a DTU whose meters do", async () => {
    expect(await examine(broker.url, "--address", A)).toMatchObject({ code: 0, codes: ["answers"] });
    expect(await examine(broker.url + DTU, "--address", "202611220003")).toMatchObject({ code: 0, codes: ["answers"] });
  });

  test("no broker", async () => {
    const port = await freePort();
    const said = await examine(`mqtt://127.0.0.1:${port}`, "--address", A);
    expect(said).toMatchObject({ code: 3, codes: ["no-broker"] });
    expect(said.words).toContain(`127.0.0.1:${port}`);
  });

  test("a broker that refuses the password, and one whose rules refuse the topic", async () => {
    const strict = await Aedes.createBroker({
      authenticate: (_client, username, _password, done) => done(null, username === "field"),
      authorizeSubscribe: (_client, subscription, done) => done(null, subscription.topic.endsWith("/up") ? null : subscription),
    });
    const server = createServer((socket) => void strict.handle(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      await new Promise<void>((resolve) => strict.close(resolve));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    const { port } = server.address() as AddressInfo;
    const wrong = await examine(`mqtt://nobody:secret@127.0.0.1:${port}`, "--address", A);
    expect(wrong).toMatchObject({ code: 3, codes: ["credentials"] });
    expect(wrong.words).not.toContain("secret");
    const refused = await examine(`mqtt://field:secret@127.0.0.1:${port}`, "--address", A);
    expect(refused).toMatchObject({ code: 3, codes: ["topic-refused"] });
    expect(refused.words).toContain(`meters/${A}/up`);
  });

  test("topics on which nobody was heard, and a meter that says nothing", async () => {
    const link = `${broker.url}?down=empty/{address}/down&up=empty/{address}/up`;
    expect(await examine(link)).toMatchObject({ code: 1, codes: ["no-address"] });
    const silent = await examine(link, "--address", A);
    expect(silent).toMatchObject({ code: 1, codes: ["silence"] });
    expect(silent.words).toContain(`empty/${A}/up`);
  });

  test("an answer on another topic", async () => {
    const said = await examine(`${broker.url}?down=meters/{address}/down&up=meters/{address}/rx`, "--address", A);
    expect(said).toMatchObject({ code: 1, codes: ["other-topic"] });
    expect(said.words).toContain(`It answers on meters/${A}/up, not on meters/${A}/rx`);
  });

  test("an answer with another number than its question's", async () => {
    onBus("dtu", { kind: "mqtt-wrong-msg-id", times: 20 });
    expect((await examine(broker.url + DTU, "--address", "202611220003")).codes).toContain("other-number");
  });

  test("messages in another form: which one fits is told", async () => {
    const talking = new AbortController();
    onTestFinished(() => talking.abort());
    void (async () => {
      while (!talking.signal.aborted) {
        third.publish(`odd/${A}/up`, ASKED);
        await systemClock.wait(10, talking.signal);
      }
    })();
    const said = await examine(`${broker.url}?down=odd/{address}/down&up=odd/{address}/up&payload=json`, "--listen", "500");
    expect(said.codes).toContain("other-form");
    expect(said.words).toMatch(/are not json; frames are in them as hex/);
  });

  test("an order that lies on the broker, and somebody else who asks", async () => {
    await third.publishAsync(`meters/${B}/down`, Buffer.from(bytesOfHex(ASKED)), { retain: true, qos: 1 });
    onTestFinished(async () => {
      await third.publishAsync(`meters/${B}/down`, "", { retain: true, qos: 1 });
    });
    expect((await examine(broker.url, "--address", B)).codes).toEqual(["retained-order", "answers"]);
    const talking = new AbortController();
    onTestFinished(() => talking.abort());
    void (async () => {
      while (!talking.signal.aborted) {
        third.publish(`meters/${A}/down`, Buffer.from(bytesOfHex("FEFEFEFE")));
        await systemClock.wait(10, talking.signal);
      }
    })();
    expect((await examine(broker.url, "--address", A, "--listen", "500")).codes).toContain("two-masters");
  });
});
