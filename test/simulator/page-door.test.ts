/** What the control door owes the street page, asked without a browser: its files, its events, and that it stays what it was for curl. */
import { get } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { StreetWatch } from "../../simulator/control-watch.ts";
import type { BusView } from "../../simulator/control-watch.ts";
import { fieldsOf } from "../../simulator/page/frame-fields.ts";
import type { Street } from "../../simulator/street.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { addressOf, masterOf, sixMeters } from "./support/looked-at.ts";
import { readRequest, until } from "./support/street.ts";

const A = addressOf(1);
const B = addressOf(2);

interface Told {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** Listens to the events of the door, as a page does. */
async function listener(street: Street): Promise<{ events: Told[]; response: IncomingMessage }> {
  const request = get(`http://127.0.0.1:${street.controlPort!}/events`);
  onTestFinished(() => void request.destroy());
  const response = await new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
  const events: Told[] = [];
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const whole = text.split("\n\n");
    text = whole.pop()!;
    for (const one of whole) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(one)!;
      events.push({ name: name!, data: JSON.parse(data!) as Told["data"] });
    }
  });
  return { events, response };
}

/** A clock on which waiting ends when the test says so. */
function pulseByPulse(): { clock: Clock; pulse: () => Promise<void> } {
  let wake = (): void => undefined;
  const clock: Clock = { ...systemClock, wait: () => new Promise((resolve) => (wake = resolve)) };
  const pulse = async (): Promise<void> => {
    wake();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, pulse };
}

describe("the door of the street page", () => {
  test("a browser that asks for / gets the page, and curl gets what it always got", async () => {
    const street = await sixMeters();
    const url = `http://127.0.0.1:${street.controlPort!}/`;
    const page = await fetch(url, { headers: { accept: "text/html,application/xhtml+xml" } });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
    expect(await page.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|https?:\/\//);

    const curl = await fetch(url, { headers: { accept: "*/*" } });
    expect(curl.status).toBe(404);
    expect(await curl.json()).toMatchObject({ code: "not-found" });
    const meters = await fetch(`${url}meters`, { headers: { accept: "text/html" } });
    expect(await meters.json()).toHaveLength(6);
  });

  test("files of the page are served without their types, and nothing else of the machine is", async () => {
    const street = await sixMeters();
    const url = `http://127.0.0.1:${street.controlPort!}/page`;
    const script = await fetch(`${url}/street.ts`);
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    const text = await script.text();
    expect(text).toContain("class Street");
    expect(text).not.toMatch(/interface |import type/);
    for (const stranger of ["..%2Fcontrol.ts", "..%2f..%2fpackage.json", "shapes.js", "%2Fetc%2Fpasswd"])
      expect((await fetch(`${url}/${stranger}`)).status, stranger).toBe(404);
  });

  test("who watches is told the whole street, then what changes, and the clock when nothing does", async () => {
    const street = await sixMeters();
    const { events, response } = await listener(street);
    expect(response.headers["content-type"]).toBe("text/event-stream");
    await until("the whole street", () => events.some(({ name }) => name === "street"));
    expect(events[0]!.data).toMatchObject({ clock: { speed: 1 }, buses: [{ id: "tower" }, { id: "cellar" }] });
    expect(events[0]!.data["meters"]).toHaveLength(6);

    const pulses = <T>(part: string): T[] =>
      events.filter(({ name }) => name === "pulse").flatMap(({ data }) => (data[part] ?? []) as T[]);
    await masterOf(street, B).read("00900200");
    await until("the frames", () => pulses("frames").length === 2);
    expect(pulses("frames")).toMatchObject([
      { meter: B, direction: "request", told: { en: "read 00900200 balance", zh: "读数据 00900200 剩余金额" } },
      { meter: B, direction: "reply" },
    ]);
    street.setFault(A, { kind: "silence" });
    street.setBusFault("tower", { kind: "noise" });
    await until("the fault of the meter", () =>
      pulses<{ faults: unknown[] }>("meters").some(({ faults }) => faults.length === 1),
    );
    await until("the fault of the bus", () => pulses<{ faults: unknown[] }>("buses").some(({ faults }) => faults.length === 1));
    const before = events.length;
    await until("a heartbeat", () => events.slice(before).some(({ data }) => "clock" in data), 10_000);
  });

  test("a storm on the wires is told in part, and how much was left out is told as well", async () => {
    const street = await sixMeters();
    const { events } = await listener(street);
    await until("the whole street", () => events.length > 0);
    const end = street.memoryEnd("cellar");
    for (let n = 0; n < 500; n += 1) end.send(readRequest(B, "00900200"));
    const told = (): number =>
      events.reduce((sum, { data }) => sum + ((data["frames"] as unknown[] | undefined)?.length ?? 0), 0);
    const missed = (): number => events.reduce((sum, { data }) => sum + ((data["missed"] as number | undefined) ?? 0), 0);
    await until("all accounted for", () => told() + missed() >= 1_000);
    expect(told() + missed()).toBe(1_000);
    expect(told()).toBeLessThanOrEqual(200);
  });

  test("the seventeenth watcher is turned away, and closing the street ends the others", async () => {
    const street = await sixMeters();
    const watchers = await Promise.all(Array.from({ length: 16 }, () => listener(street)));
    const { response } = await listener(street);
    expect(response.statusCode).toBe(429);
    const ended = watchers.map(({ response: each }) => new Promise((resolve) => each.once("close", resolve)));
    await street.close();
    await Promise.all(ended);
  });
});

describe("who watches the street", () => {
  test("a watcher that does not keep up gets nothing until it is drained, and then the whole street anew", async () => {
    const street = await sixMeters({ controlPort: undefined });
    const written: string[] = [];
    const slow = {
      writableLength: 0,
      writeHead: () => slow,
      write: (text: string) => written.push(text),
      end: () => slow,
      on: () => slow,
    };
    const { clock, pulse } = pulseByPulse();
    const views = {
      busView: (_street: Street, id: string) => ({ id }) as BusView,
      clockView: () => ({ now: "", speed: 1, setBackMs: 0 }),
    };
    const watch = new StreetWatch(street, { clock, ...views });
    onTestFinished(() => watch.close());
    watch.watch(slow as unknown as ServerResponse);
    expect(written.map((text) => text.split("\n")[0])).toEqual(["event: street"]);

    slow.writableLength = 2_000_000;
    street.patch(A, { balance: "1.00" });
    await pulse();
    slow.writableLength = 1;
    await pulse();
    expect(written).toHaveLength(1);
    slow.writableLength = 0;
    await pulse();
    expect(written).toHaveLength(2);
    expect(written[1]).toMatch(/^event: street\n/);
    expect(written[1]).toContain('"balance":"1.00"');
    street.patch(A, { balance: "2.00" });
    await pulse();
    expect(written[2]).toMatch(/^event: pulse\ndata: .*"balance":"2.00"/);
  });

  test("a meter that got another address is known by it to everybody", async () => {
    const street = await sixMeters();
    const { events } = await listener(street);
    await until("the whole street", () => events.length > 0);
    street.meter(A).address = "202611229999";
    const names = (): string[] =>
      (events.findLast(({ name }) => name === "street")?.data["meters"] as { address: string }[]).map(({ address }) => address);
    await until("the new name", () => names().includes("202611229999"));
    expect(names()).not.toContain(A);
  });
});

describe("a frame by its fields", () => {
  const names = (hex: string): string[] => fieldsOf(hex).map(({ name }) => name);
  test("every byte of a frame belongs to one field, and data is shown less 33H and turned round", () => {
    const hex = "FEFEFEFE680100221126206811043335C333BD16";
    expect(names(hex)).toEqual(["wakeUp", "start", "address", "start", "control", "length", "item", "sum", "end"]);
    expect(fieldsOf(hex).flatMap(({ wire }) => wire)).toHaveLength(hex.length / 2);
    expect(fieldsOf(hex)[2]).toMatchObject({ read: "202611220001" });
    expect(fieldsOf(hex)[6]).toMatchObject({ plain: [0x00, 0x02, 0x90, 0x00], read: "00900200" });
  });
  test("bytes that are no frame are shown as they are, before and behind one as well", () => {
    expect(names("68112233")).toEqual(["noise"]);
    expect(names("00FF680100221126206811043335C333BE16")).toEqual(["noise"]);
    expect(names("0055680100221126206811043335C333BD16AA")[0]).toBe("noise");
    expect(names("0055680100221126206811043335C333BD16AA").at(-1)).toBe("noise");
  });
});
