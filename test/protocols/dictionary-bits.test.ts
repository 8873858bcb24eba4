/** Bits have names, the same ones in every place, and nothing a meter says in a bit is lost. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { itemOf } from "../../src/protocols/dlt645/dictionary.ts";
import {
  freezeMode,
  profileMode,
  reportMode,
  reportState,
  runFeature,
} from "../../src/protocols/dlt645/formats/feature-bytes.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import {
  phaseFaults,
  runStateWord1,
  runStateWord2,
  runStateWord3Of,
  runStateWord7,
} from "../../src/protocols/dlt645/formats/status-words.ts";
import { decodeWord3, word3Layouts } from "../../src/protocols/dlt645/word3-layouts.ts";
import type { Word3Layout } from "../../src/protocols/dlt645/word3-layouts.ts";

const read = (di: string, wire: string) =>
  itemOf(di)!
    .read(bytesOfHex(wire))
    .map(({ name, value }) => `${name} = ${value}`);

test.each([
  ["04000501", "04 40", ["runStateWord1 = 4004", "states = clock battery low, overdraft"]],
  ["04000502", "11 00", ["runStateWord2 = 0011", "reversed = active power A, reactive power A"]],
  ["04000506", "81 00", ["runStateWord6 = 0081", "faults = voltage loss, phase failure"]],
  ["04000507", "20 06", ["runStateWord7 = 0620", "faults = power down, meter cover open, terminal cover open"]],
  ["04000507", "00 80", ["runStateWord7 = 8000", "faults = bit 15"]],
  ["04000508", "00 00 00 00", ["keyInfo = 00000000", "keyState = test"]],
  ["04000508", "01 00 00 00", ["keyInfo = 00000001", "keyState = production"]],
  ["04000601", "05", ["activeCombination = 05", "combines = + forward + reverse"]],
  ["04000601", "09", ["activeCombination = 09", "combines = + forward - reverse"]],
  ["04000602", "41", ["reactiveCombination1 = 41", "combines = + quadrant 1 + quadrant 4"]],
  ["04000603", "14", ["reactiveCombination2 = 14", "combines = + quadrant 2 + quadrant 3"]],
  ["04000703", "08", ["baudPort1 = 08", "baud = 2400"]],
  ["04000801", "7E", ["weekend = 7E", "restDays = Sunday"]],
  ["04000901", "09", ["profileMode = 09", "keeps = voltages, currents, frequency, active and reactive energy"]],
  ["04000906", "83", ["dailyFreezeMode = 83", "keeps = forward active energy, reverse active energy, variables"]],
  ["04001101", "05", ["runFeature1 = 05", "features = external relay control by pulse, follow-up reporting"]],
  ["04001104", "00 C0 00 00 20 00 00 00", ["reportMode = 000000200000C000", "reports = disconnect, reconnect, power down"]],
  [
    "04001501",
    "00 40 01 00 00 00 00 00 20 00 00 00 03 01 02",
    [
      "reportState = 000000200000000000014000",
      "reports = disconnect, voltage loss A, power down",
      "newDisconnect = 3",
      "newVoltageLossA = 1",
      "newPowerDown = 2",
    ],
  ],
  ["0400040F", "56 34 12 00 78 56 34 12 01 00 00", undefined],
])("%s reads %s", (di, wire, values) => {
  if (values === undefined)
    expect(read(di, wire).slice(1)).toEqual(["longitude = 00123456", "latitude = 12345678", "altitude = 000001"]);
  else expect(read(di, wire)).toEqual(values);
});

test("a report whose counts are short or followed by the AA of one firmware is told as it came", () => {
  expect(read("04001501", "00 C0 00 00 00 00 00 00 00 00 00 00 03")).toEqual([
    "reportState = 00000000000000000000C000",
    "reports = disconnect, reconnect",
    "newDisconnect = 3",
  ]);
  expect(read("04001501", "00 40 00 00 00 00 00 00 00 00 00 00 03 AA").at(-1)).toBe("rest = AA");
});

test("in the block of the seven words every place is one word, and no bits stand between them", () => {
  expect(read("040005FF", "00 00 00 00 50 00 00 00 00 00 00 00 20 00")).toEqual([
    "runStateWord1 = 0000",
    "runStateWord2 = 0000",
    "runStateWord3 = 0050",
    "runStateWord4 = 0000",
    "runStateWord5 = 0000",
    "runStateWord6 = 0000",
    "runStateWord7 = 0020",
  ]);
});

test("every named bit has a Chinese name, and no bit has two", () => {
  const tables = [
    runStateWord1,
    runStateWord2,
    phaseFaults,
    runStateWord7,
    profileMode,
    freezeMode,
    runFeature,
    reportMode,
    reportState,
  ];
  for (const { table } of tables) {
    expect(new Set(table.map(([bit]) => bit)).size).toBe(table.length);
    for (const [, name, zh] of table) expect(zh, name).toMatch(/\p{Script=Han}/u);
  }
});

const layouts = Object.keys(word3Layouts) as Word3Layout[];

test.each([
  ["base", 0x0050, ["slotTable first set", "supply main", "programmingPermitted no", "relay disconnected", "bit 6 1"]],
  ["state-grid-2009", 0x0c00, ["tariffPriceSet second set", "stepSet second set"]],
  ["state-grid-2013", 0x0408, ["infraredAuthentication valid", "tariffPriceSet second set", "stepSet first set"]],
  ["southern-grid", 0x0400, ["stepTable table 2", "stepSet first set"]],
  ["newest", 0x0821, ["bit 0 1", "bit 5 1", "terminalIdentity invalid", "terminalSecurity valid"]],
  ["chint", 0x0800, ["alarm2 off", "alarm1 on"]],
] as const)("word 3 of %s says of %i", (layout, word, says) => {
  expect(decodeWord3(layout, word).map(({ name, value }) => `${name} ${value}`)).toEqual(expect.arrayContaining([...says]));
});

/** Two generations have not all of the agreed bits: one knew no fee control, one has others for the order and the alarm. */
const LESS: Partial<Record<Word3Layout, readonly string[]>> = {
  base: ["relay"],
  chint: ["relay", "prepayment", "protected", "identity", "localAccount"],
};

test("whatever the layout, the agreed bits of word 3 say what decisions are made from", () => {
  fc.assert(
    fc.property(fc.constantFrom(...layouts), fc.nat(0xffff), (layout, word) => {
      const told = new Map(decodeWord3(layout, word).map(({ name, value }) => [name, value]));
      const agreed = runStateWord3Of(word);
      const says = {
        relay: agreed.relay,
        relayOrder: agreed.order,
        preTripAlarm: agreed.preTripAlarm ? "on" : "off",
        protected: agreed.protected ? "yes" : "no",
        identity: agreed.identityValid ? "valid" : "invalid",
        localAccount: agreed.accountOpened ? "opened" : "not opened",
        prepayment: agreed.prepayment,
      };
      const has = LESS[layout];
      for (const [name, value] of Object.entries(says))
        expect(told.get(name), `${layout} ${name}`).toBe(has?.includes(name) === false ? undefined : value);
    }),
    { seed: 645, numRuns: 500 },
  );
});

test("every set bit of word 3 is told in every layout, and every row has its Chinese", () => {
  for (const layout of layouts) {
    for (let bit = 0; bit < 16; bit += 1) {
      const none = decodeWord3(layout, 0).map(({ value }) => value);
      expect(decodeWord3(layout, 1 << bit).map(({ value }) => value)).not.toEqual(none);
    }
    for (const { zh, valueZh } of decodeWord3(layout, 0)) expect(zh + valueZh).toMatch(/^\p{Script=Han}/u);
  }
});

test("the password items are written and never shown", () => {
  const item = itemOf("04000C03")!;
  expect(item).toMatchObject({ name: "passwordOfLevel2", zh: "2级密码" });
  expect(item.read(bytesOfHex("02 56 34 12"))).toEqual([{ name: "passwordOfLevel2", value: "••••", unit: null }]);
  expect(hexBytes(item.shape.encode([{ name: "passwordOfLevel2", value: "12345602" }]))).toBe("02 56 34 12");
});
