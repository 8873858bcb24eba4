/**
 * Where meters and sources disagree about a function, somebody has to choose. Each disagreement is one row: the variants seen, the
 * one taken when nobody says otherwise, and why. A profile of a meter hands in what differs; nothing else in this room knows vendors.
 */
interface Topic<V extends string> {
  readonly about: string;
  readonly variants: readonly V[];
  readonly default: V;
  readonly why: string;
}
const topic = <const V extends string>(about: string, variants: readonly V[], standard: NoInfer<V>, why: string): Topic<V> => ({
  about,
  variants,
  default: standard,
  why,
});

export const choiceTopics = {
  controlBlock: topic(
    "1CH, 1AH, 1BH: cipher and MAC on the wire",
    ["whole", "fields"],
    "whole",
    "two firmwares turn the 20 bytes round as one block, MAC first; one terminal command sends the cipher first, as in 14H",
  ),
  deadline: topic(
    "1CH: a deadline that is no date, all 99 or all 00",
    ["strict", "nines", "ignored"],
    "strict",
    "two firmwares refuse both; some meters take all 99 as none, meters without a clock ignore the field",
  ),
  secondByte: topic("1CH: N2 of orders without a time", ["00", "01"], "00", "the standard reserves it; one vendor sends 01"),
  relayReply: topic(
    "9C and DC: with two bytes of what was done",
    ["as-asked", "short", "extended"],
    "as-asked",
    "P2 = 01 at level 98 asks for it (supplement of 2014); older meters do not know the question",
  ),
  securedLevel: topic("level of ciphered orders and writes", ["98", "96"], "98", "State Grid 98, Southern Grid 96"),
  macLevel: topic("level of writes in the clear with a MAC", ["99", "97"], "99", "State Grid 99, Southern Grid 97"),
  purseFile: topic("078001FF: file of the purse", ["0001", "0002"], "0001", "State Grid 0001, the Southern Grid family 0002"),
  purseNumbers: topic(
    "07 frames: amounts and counts",
    ["binary", "bcd"],
    "binary",
    "two firmwares convert between the frame and the purse; one export variant keeps BCD",
  ),
  purchase: topic(
    "07 01 0x: layout of a purchase",
    ["1E", "22", "28"],
    "1E",
    "named by their length L; 22H and 28H are of export meters, with an order number and the meter address",
  ),
  testFactor: topic(
    "factor of a meter on test keys",
    ["meter-number", "fixed"],
    "meter-number",
    "some key systems take 0000000000000001 for all of them",
  ),
  keyUpdate: topic(
    "0702xxFF: order of the fields",
    ["info-mac-key", "mac-info-key"],
    "info-mac-key",
    "the list of the supplement, and the order on the wire of one firmware; a gateway does not send it",
  ),
  serrBytes: topic("C3: bytes of the error word", ["2", "1"], "2", "export meters shorten it; one byte is always understood"),
  baudByte: topic(
    "17H: the rate",
    ["bit-map", "bcd"],
    "bit-map",
    "two meter firmwares and one tool have one bit for each rate; one library sends the rate / 300 in BCD",
  ),
  baudBits1997: topic(
    "0CH of 1997: the rate of the lowest bit in use",
    ["600", "300"],
    "600",
    "as in 2007 until a meter shows otherwise; 300 as the lowest is remembered of the older text",
  ),
  clockOrder: topic("08H: order of the time", ["ss-first", "YY-first"], "ss-first", "the standard; one library sends it round"),
  clockOffset: topic(
    "08H: 33H on the data",
    ["added", "missing"],
    "added",
    "the standard; one library forgets it, so its bytes stand on the wire as they are",
  ),
  freezeOrder: topic("16H: order of the moment", ["mm-first", "MM-first"], "mm-first", "the standard; one library turns it"),
  clearHead: topic(
    "19H, 1AH: what stands first",
    ["password", "identifier"],
    "password",
    "one library sends an identifier and the password, without operator code",
  ),
  readOnProfile: topic(
    "12H after a load profile request",
    ["short", "repeated"],
    "short",
    "one firmware wants identifier and SEQ alone, another the fields of the first request before SEQ; both lengths are understood",
  ),
  partNumber: topic(
    "92: the part's number behind its data",
    ["behind", "missing"],
    "behind",
    "the standard; a meter that leaves it out is told apart by the parts that do not join",
  ),
  unknownWrite: topic(
    "ERR for writing an item the meter lacks",
    ["04", "02"],
    "04",
    "tests of State Grid expect 04, since such a write is not authorised",
  ),
  unknownFunction: topic("a function the meter lacks", ["silence", "01"], "silence", "silence in all firmware seen"),
  wrongMac2: topic("SERR for a wrong MAC2 of a purchase", ["0004", "0001"], "0004", "one firmware says bit 0"),
} as const;

type Topics = typeof choiceTopics;
export type Choices = { readonly [K in keyof Topics]: Topics[K]["variants"][number] };

/** What holds when nobody says otherwise. */
export const STANDARD: Choices = Object.freeze(
  Object.fromEntries(Object.entries(choiceTopics).map(([name, row]) => [name, row.default])),
) as Choices;

/** The standard, and what a meter's profile does otherwise. */
export const choicesWith = (others: Partial<Choices>): Choices => Object.freeze({ ...STANDARD, ...others });
