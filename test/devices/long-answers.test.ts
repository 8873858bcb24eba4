/** A long answer over a line: asked part by part, joined without a hole, and nothing made of one that has one. */
import { afterEach, expect, test } from "vitest";
import { Conversation } from "../../src/devices/conversation.ts";
import type { Line } from "../../src/devices/line.ts";
import { HealthBook } from "../../src/devices/meter-health.ts";
import { meterModels } from "../../src/devices/meter-models.ts";
import { Priority } from "../../src/devices/meter.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { choicesWith, dictionary, type Frame } from "../../src/protocols/dlt645/index.ts";
import { A, openLine, type FarMeter } from "./far-meter.ts";

const lines: Line[] = [];
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close();
});

const wallet = meterModels["standard-wallet"];

async function talkTo(model = wallet): Promise<{ talk: Conversation; far: FarMeter }> {
  const { line, far } = await openLine();
  lines.push(line);
  const meter = {
    address: MeterAddress(A),
    meterNumber: A,
    customerNumber: A,
    account: null,
    bus: BusId("b"),
    model: "standard-wallet",
    relayPassword: null,
  } as const;
  const parts = { meter, model, line, priority: Priority.person, clock: systemClock, log: silentLog };
  return { talk: new Conversation({ ...parts, health: new HealthBook(systemClock) }), far };
}

const MORE = 0x20;
const REPLY = 0x80;
/** A part: its number stands behind the data where it was asked for by one. */
const part = ({ address, control, data }: Frame, more: boolean, bytes: readonly number[], sequence?: number): Frame => ({
  address,
  control: control | REPLY | (more ? MORE : 0),
  data: Uint8Array.from([...data.subarray(0, 4), ...bytes, ...(sequence === undefined ? [] : [sequence])]),
});
const fails = (code: Parameters<typeof isFault>[1], why: RegExp) => (error: unknown) =>
  isFault(error, code) && why.test(String(error.context["why"]));

test("parts are asked for by their numbers and come back as one", async () => {
  const { talk, far } = await talkTo();
  far.answer = (asked) => {
    const sequence = asked.control === 0x12 ? asked.data[4]! : 0;
    return part(asked, sequence < 2, [sequence, sequence], sequence === 0 ? undefined : sequence);
  };
  expect([...(await talk.bytes("03300501")).bytes]).toEqual([0, 0, 1, 1, 2, 2]);
  expect(far.heard.map(({ control, data }) => [control, ...data.subarray(4)])).toEqual([[0x11], [0x12, 1], [0x12, 2]]);
});

test.each([
  ["a part is missing", (asked: Frame) => part(asked, false, [9], asked.data[4]! + 1), /a part is missing/],
  ["an empty part promises more", (asked: Frame) => part(asked, true, [], asked.data[4]), /an empty part that promises more/],
  ["nothing comes where a part was promised", (asked: Frame) => part(asked, false, []), /nothing came/],
] as const)("%s: no value, and no “it has none” either", async (_title, second, why) => {
  const { talk, far } = await talkTo();
  far.answer = (asked) => (asked.control === 0x11 ? part(asked, true, [1, 2]) : second(asked));
  await expect(talk.value(dictionary.balance)).rejects.toSatisfy(fails("reply-malformed", why));
});

test("a meter that numbers no parts is understood where its model says so", async () => {
  const { profile } = wallet;
  const unnumbered = { ...wallet, profile: { ...profile, choices: choicesWith({ ...profile.choices, partNumber: "missing" }) } };
  const { talk, far } = await talkTo(unnumbered);
  far.answer = (asked) => part(asked, asked.control === 0x11, [asked.control, 7]);
  expect([...(await talk.bytes("03300501")).bytes]).toEqual([0x11, 7, 0x12, 7]);
});
