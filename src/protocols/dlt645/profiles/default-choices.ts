/**
 * Where sources disagree (section 12 of the reference), as one table: topic, variants, what we take unless a profile says
 * otherwise, and why. Code that meets such a fork asks `profile.choices`; it never asks for a model's name.
 * Forks of what the gateway never sends (key updates) stand here too: whoever begins to send it finds the question asked.
 */
interface Topic {
  readonly variants: readonly string[];
  readonly otherwise: string;
  readonly title: string;
  readonly why: string;
}

/** The first variant is the default. */
const topic = <const V extends readonly [string, ...string[]]>(title: string, variants: V, why: string) => ({
  variants,
  otherwise: variants[0] as V[0],
  title,
  why,
});

export const defaultChoices = {
  unknownWritable: topic(
    "ERR for an unknown writable item",
    ["04", "02"],
    "State Grid tests expect it: not there means not authorised",
  ),
  unknownFunction: topic("a function the meter does not know", ["silence", "err-01"], "all firmware seen stays silent"),
  broadcastTime: topic(
    "broadcast time",
    ["offset, seconds first", "no offset", "year first"],
    "the standard's order; two public libraries have the others",
  ),
  baudByte: topic("baud byte", ["bit map", "bcd of baud/300"], "two firmwares and one tool against one library"),
  clearHead: topic("19H and 1AH", ["password first", "identifier first"], "one library alone puts an identifier in front"),
  freezeOrder: topic("freeze date", ["mm hh DD MM", "MM DD hh mm"], "lowest first like every other moment"),
  frequencyItem: topic(
    "frequency and temperature",
    ["02800002 and 02800007", "02800001 and 02800002"],
    "captures agree with the first",
  ),
  addressOrder: topic("address bytes", ["low first", "as printed"], "all meters; only some tools forget to turn it round"),
  checksumFrom: topic(
    "checksum window",
    ["first 68", "second 68", "without the address"],
    "meters ignore frames summed otherwise",
  ),
  serrBytes: topic("length of C3", ["2", "1"], "export meters send one byte; both are read, whatever the profile says"),
  relayReply: topic(
    "length of 9C and DC",
    ["short", "extended"],
    "the 2014 supplement answers two bytes, and only when asked by P2 = 01",
  ),
  purchaseLayout: topic("070101FF and 070102FF", ["1E", "22", "28", "18 sealed", "1C"], "three firmwares against export vendors"),
  keyUpdateItem: topic(
    "070201FF and 070202FF",
    ["alike", "01 control", "02 control"],
    "a table and its comment swap them; not sent",
  ),
  word3: topic(
    "run-state word 3, bits 0, 5, 10, 11",
    ["state-grid-2009", "base", "state-grid-2013", "southern-grid", "chint"],
    "the most common generation in the field",
  ),
  controlBlock: topic("cipher block of 1CH", ["whole", "fields"], "two firmwares turn all 20 bytes round as one"),
  deadline: topic(
    "deadline of a relay order",
    ["real", "far", "nines", "ignored"],
    "99 x 6 is no date to two firmwares, and a real date makes a recorded frame worthless soon",
  ),
  plainControl: topic(
    "plain 1CH under production keys",
    ["refused", "restores only", "obeyed"],
    "most meters with keys refuse it",
  ),
  reservedN2: topic("N2 outside the timed orders", ["00", "01"], "reserved; one vendor sends 01"),
  protectCloses: topic(
    "protection on an open relay",
    ["arms", "closes", "nothing"],
    "an internal relay is armed; read word 3 and see",
  ),
  emptyWallet: topic("1B and 1C on an overdrawn wallet", ["taken, nothing moves", "err-04"], "read word 3 and see"),
  macPolicy: topic("wrong MACs", ["3 then 15", "200"], "the stricter; the gateway stops after two anyway"),
  mac2Refused: topic("a wrong MAC 2", ["bit 2", "bit 0"], "two firmwares against one; both are read"),
  purseFile: topic("file of the purse", ["0001", "0002"], "State Grid; the southern family keeps it in the next"),
  keyUpdateOrder: topic("fields of the 2009 key update", ["info, mac, key", "mac, info, key"], "not sent by a gateway"),
  armingLimit: topic("remaining against 04001005", ["at least", "more than"], "equal is enough in the firmware read"),
  amountCoding: topic("amounts of function 03", ["binary", "bcd"], "two firmwares convert; one export variant does not"),
  refund: topic("refund", ["04001006", "070108FF", "070103FF", "none"], "the standard's way; 070103FF wipes a purse elsewhere"),
  levels: topic("secured levels", ["99 and 98", "97 and 96"], "State Grid; the southern family counts two lower"),
  testFactor: topic("factor in the test-key state", ["meter number", "fixed 1"], "the meter number is right for both key states"),
} as const satisfies Record<string, Topic>;

export type ChoiceTopic = keyof typeof defaultChoices;
export type Choices = { readonly [T in ChoiceTopic]: (typeof defaultChoices)[T]["variants"][number] };

/** All topics, with what a profile says of its own. */
export function choicesWith(own: Partial<Choices>): Choices {
  const all = Object.entries(defaultChoices).map(([name, { otherwise }]) => [name, otherwise]);
  return { ...(Object.fromEntries(all) as Choices), ...own };
}
