/**
 * Where meters and sources disagree, somebody has to choose. Each disagreement is one row: what it is about, the variants seen, the one
 * taken when nobody says otherwise, and why. This is the only place that knows of them; nothing else in this room asks for a vendor.
 *
 * A profile of a meter says what it does otherwise (`choicesWith`), and its object is handed to whoever builds, hears, answers or
 * explains frames. Some rows change no byte: they tell how a meter behaves, to whoever decides, orders or plays one. Which file goes by a
 * row stands in it.
 */
interface Topic<V extends string> {
  readonly about: string;
  readonly variants: readonly V[];
  readonly default: V;
  readonly why: string;
  /** The files that go by it; where it changes no byte, why not. Held against the files by a test. */
  readonly actsOn: string;
}
/** The first variant is the default. */
const topic = <const V extends readonly [string, ...string[]]>(
  about: string,
  variants: V,
  why: string,
  actsOn: string,
): Topic<V[number]> => ({ about, variants, default: variants[0], why, actsOn });

export const choiceTopics = {
  // ---- relay orders ----
  controlBlock: topic(
    "1CH, 1AH, 1BH: cipher and MAC on the wire",
    ["whole", "fields"],
    "two firmwares turn the 20 bytes round as one block, MAC first; one terminal command sends the cipher first, as in 14H",
    "forms/relay.ts, forms/setting.ts; the gateway's orders: devices/meter-models.ts",
  ),
  deadline: topic(
    "1CH: the deadline; far: always 99-12-31",
    ["strict", "far", "nines", "ignored"],
    "two firmwares refuse all 99 and all 00, and a real date makes a recorded frame worthless soon; some have no clock to compare",
    "forms/relay.ts, requests.ts, plain-texts.ts; the gateway's orders: devices/meter-models.ts",
  ),
  secondByte: topic(
    "1CH: N2 of orders without a time",
    ["00", "01"],
    "the standard reserves it; one vendor sends 01",
    "forms/relay.ts, plain-texts.ts; the gateway orders no meter with keys that wants 01: devices/meter-models.ts",
  ),
  relayReply: topic(
    "9C and DC: with two bytes of what was done",
    ["as-asked", "short", "extended"],
    "P2 = 01 at level 98 asks for it (supplement of 2014); older meters do not know the question",
    "answering.ts; whether the gateway asks for it: devices/meter-models.ts",
  ),
  levels: topic(
    "levels of writes and orders: clear with a MAC, ciphered",
    ["99-98", "97-96"],
    "State Grid; the southern family counts two lower",
    "choices.ts: levelsOf, for the builders of writes and orders; what may be sent is told by `proof` of the profile",
  ),

  // ---- function 03 and money ----
  purchase: topic(
    "070101FF, 070102FF: layout of a purchase",
    ["1E", "22", "28", "18 sealed", "1C"],
    "named by their length L: three firmwares against export meters with an order number, a seal or a token",
    "forms/security.ts, forms/vendors.ts, requests.ts, requests-vendors.ts, profiles/permit.ts",
  ),
  refund: topic(
    "the way of a refund",
    ["04001006", "070108FF", "070103FF", "none"],
    "a write at level 98 is the standard's way; 070103FF wipes a purse elsewhere",
    "forms/security.ts, forms/vendors.ts, requests.ts, requests-vendors.ts",
  ),
  purseFile: topic(
    "078001FF: file of the purse",
    ["0001", "0002"],
    "State Grid; the southern family keeps it in the next",
    "forms/security.ts, requests.ts",
  ),
  purseNumbers: topic(
    "07 frames: amounts and counts",
    ["binary", "bcd"],
    "two firmwares convert between the frame and the purse; one export variant keeps BCD",
    "forms/purse.ts",
  ),
  testFactor: topic(
    "factor of a meter on test keys",
    ["meter-number", "fixed"],
    "right for both key states; some key systems take 0000000000000001 for all",
    "fee-control.ts: factorOf; the software module: devices/meter-keys.ts, security/software-module.ts",
  ),
  keyUpdate: topic(
    "0702xxFF: order of the fields",
    ["info-mac-key", "mac-info-key"],
    "the list of the supplement, and the order on the wire of one firmware; a gateway does not send it",
    "forms/security.ts",
  ),
  vendorBlocks: topic(
    "028011FF and 070104FF of export meters",
    ["unknown", "status-and-parameters"],
    "one vendor's status in one answer, and its 143 bytes of prices and limits; others may mean anything by them",
    "forms/vendors.ts, chosen-items.ts",
  ),

  // ---- refusals ----
  serrBytes: topic(
    "C3: bytes of the error word",
    ["2", "1"],
    "export meters shorten it; one byte is always understood",
    "answering.ts",
  ),
  unknownWrite: topic(
    "ERR for writing an item the meter lacks",
    ["04", "02"],
    "tests of State Grid expect 04: such a write is not authorised",
    "meter-refusals.ts, for whoever plays a meter; the street's own habit: simulator/habits.ts",
  ),
  unknownFunction: topic(
    "a function the meter lacks",
    ["silence", "01"],
    "all firmware seen stays silent",
    "meter-refusals.ts, for whoever plays a meter. The gateway: nothing, for it asks no function that the profile lacks; the street is silent",
  ),
  wrongMac2: topic(
    "SERR for a wrong MAC2 of a purchase",
    ["0004", "0001"],
    "one firmware says bit 0; both are understood",
    "meter-refusals.ts, for whoever plays a meter. The gateway: nothing, for it understands both; the street says 0004",
  ),

  // ---- reading and what is read ----
  readOnProfile: topic(
    "12H after a load profile request",
    ["short", "repeated"],
    "one firmware wants identifier and SEQ alone, another the fields of the first request before SEQ; both lengths are heard",
    "requests.ts",
  ),
  partNumber: topic(
    "92: the part's number behind its data",
    ["behind", "missing"],
    "the standard; a meter that leaves it out is told apart by the parts that do not join",
    "forms/reading.ts, replies.ts",
  ),
  word3: topic(
    "run-state word 3: bits 0, 3, 5, 10, 11 and more",
    ["state-grid-2009", "base", "state-grid-2013", "southern-grid", "newest", "chint"],
    "the most common generation in the field",
    "chosen-items.ts; what the gateway can order: devices/meter-models.ts",
  ),
  frequencyItem: topic(
    "frequency and temperature",
    ["02800002-02800007", "02800001-02800002"],
    "captures agree with the first; one dictionary has the second",
    "chosen-items.ts",
  ),

  // ---- setting and clearing ----
  baudByte: topic(
    "17H: the rate",
    ["bit-map", "bcd"],
    "two meter firmwares and one tool have one bit for each rate; one library sends the rate / 300 in BCD",
    "forms/setting.ts",
  ),
  baudBits1997: topic(
    "0CH of 1997: the rate of the lowest bit in use",
    ["600", "300"],
    "as in 2007 until a meter shows otherwise; 300 as the lowest is remembered of the older text",
    "forms/edition-1997.ts",
  ),
  clockOrder: topic(
    "08H: order of the time",
    ["ss-first", "YY-first"],
    "the standard; one library sends it round",
    "forms/slot-moments.ts",
  ),
  clockOffset: topic(
    "08H: 33H on the data",
    ["added", "missing"],
    "the standard; one library forgets it, so its bytes stand on the wire as they are",
    "forms/slot-moments.ts",
  ),
  freezeOrder: topic(
    "16H: order of the moment",
    ["mm-first", "MM-first"],
    "lowest first like every other; one library turns it",
    "forms/setting.ts",
  ),
  clearHead: topic(
    "19H, 1AH: what stands first",
    ["password", "identifier"],
    "one library alone sends an identifier and the password, without operator code",
    "forms/setting.ts, requests.ts",
  ),

  // ---- how a meter behaves, and what is never sent ----
  plainControl: topic(
    "1CH in the clear under production keys",
    ["refused", "restores-only", "obeyed"],
    "most meters with keys refuse it; those without a key server obey",
    "no byte; what the gateway orders by password: devices/meter-models.ts",
  ),
  protectCloses: topic(
    "3AH on an open relay",
    ["arms", "closes", "nothing"],
    "an internal relay is armed, an external one closed, one firmware moves nothing: read word 3 and see",
    "no byte, for the relay does it; the gateway reads word 3 and sees; the street's own habit: simulator/habits.ts",
  ),
  emptyWallet: topic(
    "1BH and 1CH on an overdrawn wallet",
    ["nothing-moves", "refused"],
    "taken, and nothing moves: read word 3 and see; one answers ERR 04",
    "no byte, for the meter does it; the gateway reads word 3 and sees; the street's own habit is called emptyWalletOrders",
  ),
  armingLimit: topic(
    "arming: what remains against 04001005",
    ["at-least", "more-than"],
    "equal is enough in the firmware that was read",
    "no byte, for the meter compares; the street's own habit: simulator/habits.ts",
  ),
  macPolicy: topic(
    "wrong MACs until midnight",
    ["3-then-15", "200"],
    "three end the session and fifteen suspend, or 200 suspend; the gateway stops after two anyway",
    "no byte, for the chip counts; the gateway stops after two whatever it says; the street's own habit: simulator/habits.ts",
  ),
  keyUpdateItem: topic(
    "070201FF and 070202FF",
    ["alike", "01-control", "02-control"],
    "a table and its comment swap them; a gateway sends neither",
    "security-identifiers.ts: the name under which explain tells them; alike: as the table has it",
  ),
  addressOrder: topic(
    "bytes of the address",
    ["low-first", "as-printed"],
    "all meters; only some tools forget to turn it round",
    "framing.ts: encodeFrameFor and decodeFrameFor, so `meterctl encode --model`. The line stays with the standard: several models share it",
  ),
  checksumFrom: topic(
    "where the checksum begins",
    ["first-68", "second-68", "without-address"],
    "meters ignore frames summed otherwise; some tools make them",
    "framing.ts, as `addressOrder`",
  ),
} as const;

type Topics = typeof choiceTopics;
export type ChoiceTopic = keyof Topics;
export type Choices = { readonly [K in ChoiceTopic]: Topics[K]["variants"][number] };

/** What holds when nobody says otherwise. */
export const STANDARD: Choices = Object.freeze(
  Object.fromEntries(Object.entries(choiceTopics).map(([name, row]) => [name, row.default])),
) as Choices;

/** The standard, and what a meter's profile does otherwise. Keep the object: forms are made once for it. */
export const choicesWith = (others: Partial<Choices>): Choices => Object.freeze({ ...STANDARD, ...others });

const LEVELS = { "99-98": { clear: "99", cipher: "98" }, "97-96": { clear: "97", cipher: "96" } } as const;

/** The level bytes of writes in the clear with a MAC, and of ciphered orders and writes. */
export const levelsOf = ({ levels }: Choices): (typeof LEVELS)[Choices["levels"]] => LEVELS[levels];
