/** Other speeds and parities: tried only where nobody answers, one after the other, and named when one of them fits. */
import { expect, test } from "vitest";
import type { LineSettings } from "../../src/devices/bare-link.ts";
import { examineLine } from "../../src/devices/examine-line.ts";
import { judgeLine } from "../../src/devices/line-findings.ts";
import { WireProbe, type Heard } from "../../src/devices/wire-probe.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Deframer, encodeFrame, requests } from "../../src/protocols/dlt645/index.ts";
import { MemoryWire } from "../../src/transports/memory.ts";

const A = "202611220001";
const nothing: Heard = { echoes: 0, replies: [], strangers: [], noise: [] };
const answered: Heard = { ...nothing, replies: [{ frame: { address: A, control: 0x93, data: new Uint8Array(6) }, afterMs: 60 }] };

async function examine(fits: LineSettings | null, meterAnswers = false) {
  const wire = new MemoryWire();
  if (meterAnswers) {
    const deframer = new Deframer();
    wire.far.onReceived((bytes) => {
      for (const piece of deframer.push(bytes))
        if (piece.kind === "frame")
          wire.far.send(
            encodeFrame({
              address: A,
              control: piece.frame.control | 0x80,
              data: Uint8Array.from([...piece.frame.data, 0x45, 0x23]),
            }),
          );
    });
  }
  const transport = wire.transport();
  await transport.open();
  const probe = new WireProbe(transport, systemClock, { byteMs: 0, answerMs: 5, settleMs: 2 });
  const tried: string[] = [];
  const evidence = await examineLine({
    probe,
    clock: systemClock,
    settings: { baudRate: 2_400, parity: "even" },
    listenMs: 2,
    tryWith: (settings) => {
      tried.push(`${settings.baudRate} ${settings.parity}`);
      return Promise.resolve(settings.baudRate === fits?.baudRate && settings.parity === fits.parity ? answered : nothing);
    },
  });
  await transport.close();
  return { tried, findings: judgeLine(evidence) };
}

test("the one that fits is named, and the link's own is not tried again", async () => {
  const { tried, findings } = await examine({ baudRate: 9_600, parity: "none" });
  expect(tried).toHaveLength(6 * 3 - 1);
  expect(tried).not.toContain("2400 even");
  expect(findings[0]).toMatchObject({
    code: "other-settings",
    grade: "bad",
    found: { en: "A meter answers at 9600 none, not at what the link is set to." },
  });
});

test("none fits: the line is dead, and nothing is made up", async () => {
  expect((await examine(null)).findings.map(({ code }) => code)).toEqual(["silence"]);
});

test("where a meter answers, nothing else is tried", async () => {
  const { tried, findings } = await examine({ baudRate: 9_600, parity: "even" }, true);
  expect(tried).toEqual([]);
  expect(findings.map(({ code }) => code)).toContain("answers");
});

test("a tool that looks refuses to send anything but a read", async () => {
  const wire = new MemoryWire();
  const sent: Uint8Array[] = [];
  wire.far.onReceived((bytes) => sent.push(bytes));
  const transport = wire.transport();
  await transport.open();
  const probe = new WireProbe(transport, systemClock, { byteMs: 0, answerMs: 5, settleMs: 2 });
  await expect(probe.ask(requests.broadcastTime("261122100000"))).rejects.toThrow(/reads alone/);
  expect(sent).toEqual([]);
});
