/**
 * What an identifier means to a meter of which the choices are known: the dictionary's item, and for a few another. A vendor's status
 * block is read only where its maker is known, word 3 is told bit by bit in its own generation, and one dictionary has the frequency
 * elsewhere. Where nobody says which meter it is (`STANDARD` itself) the dictionary alone speaks.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { itemOf } from "./dictionary.ts";
import type { Detail } from "./formats/format.ts";
import { bcdFen, decimal, energy, hex } from "./formats/formats.ts";
import { field, item, one, record } from "./item.ts";
import type { Item } from "./item.ts";
import { runStateWord3 } from "./formats/status-words.ts";
import type { RunStateWord3 } from "./formats/status-words.ts";
import { decodeWord3, word3Layouts } from "./word3-layouts.ts";
import type { Word3Layout } from "./word3-layouts.ts";

const made = new WeakMap<Choices, ReadonlyMap<string, Item>>();

export function itemUnder(di: string, choices: Choices = STANDARD): Item | undefined {
  if (choices === STANDARD) return itemOf(di);
  let own = made.get(choices);
  if (own === undefined) {
    own = new Map(ownItems(choices).map((each) => [each.di, each]));
    made.set(choices, own);
  }
  return own.get(di) ?? itemOf(di);
}

function ownItems({ word3, vendorBlocks, frequencyItem }: Choices): readonly Item[] {
  const word = { ...runStateWord3, details: (state: RunStateWord3) => bitsOf(word3, state) };
  return [
    item({ ...itemOf("runStateWord3")!, shape: one("runStateWord3", word) }),
    ...(vendorBlocks === "status-and-parameters" ? [vendorStatus] : []),
    ...(frequencyItem === "02800001-02800002" ? [moved("frequency", "02800001"), moved("temperature", "02800002")] : []),
  ];
}
const moved = (name: string, di: string): Item => ({ ...itemOf(name)!, di });

/** Order and widths are worked out: what it tells is known, its bytes are not. */
const vendorStatus = item({
  di: "028011FF",
  name: "vendorStatus",
  title: "status of a vendor's export meter",
  zh: "厂家状态数据块(出口表)",
  shape: record([
    field("balance", bcdFen),
    field("importedEnergy", energy()),
    field("voltage", decimal(2, 1, "V")),
    field("current", decimal(3, 3, "A")),
    field("power", decimal(3, 4, "kW")),
    field("word", hex(2)),
  ]),
});

/** Where the names stand under which word 3 is told without a model. */
const AGREED_AT: Readonly<Record<string, number>> = {
  relay: 4,
  relayOrder: 6,
  preTripAlarm: 7,
  prepayment: 8,
  protected: 12,
  identityValid: 13,
  accountOpened: 14,
};

/** The agreed names first, as far as this generation has them; then what it alone says. */
function bitsOf(layout: Word3Layout, state: RunStateWord3): readonly Detail[] {
  const described = new Set(word3Layouts[layout].map(({ bit }) => bit));
  const agreed = (runStateWord3.details?.(state) ?? []).filter(({ name }) => described.has(AGREED_AT[name]!));
  const told = new Set(agreed.map(({ name }) => AGREED_AT[name]));
  const own = decodeWord3(layout, state.word).filter(({ bit }) => !told.has(bit));
  return [...agreed, ...own.map(({ name, value }) => ({ name, value }))];
}
