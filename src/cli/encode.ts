/**
 * `meterctl encode FUNCTION ADDRESS [PLACE=VALUE …]`: a request of any function as hex, by the forms of the codec. Nothing is sent.
 *
 * The places of a form are its words (`meterctl encode --list`); the first ones may be given without their name, as in
 * `encode read 202611220001 balance`. Numbers, moments and money are written as people write them; ciphers and MACs in hex, the
 * highest byte first; `data` in hex in the order of the wire, or `value` as the item's format prints it.
 *
 * With a model the forms, items and defaults are those of its profile, and a form that it does not hear is none.
 */
import { Secret } from "../kernel/secret.ts";
import { isFault } from "../kernel/faults.ts";
import { parseYuan } from "../kernel/money.ts";
import {
  ANY_METER,
  EVERY_METER,
  STANDARD,
  bytesOfHex,
  encodeFrameFor,
  formNamed,
  formNames,
  hexBytes,
  itemOf,
  itemOf1997,
  itemUnder,
  writeRequest,
  type Choices,
  type FormName,
  type Item,
  type Request,
} from "../protocols/dlt645/index.ts";
import { WrongUse } from "./exits.ts";
import { choicesOf, hears, type Model } from "./model-argument.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Kind = "text" | "identifier" | "number" | "moment" | "yuan" | "hex" | "keys" | "password" | "yes";

/** How a place is written at a terminal. */
const KINDS: Readonly<Record<string, Kind>> = {
  di: "identifier",
  displayed: "identifier",
  cleared: "identifier",
  blocks: "number",
  sequence: "number",
  baud: "number",
  minutes: "number",
  purchaseCount: "number",
  length: "number",
  start: "number",
  restoreAfterMinutes: "number",
  from: "moment",
  time: "moment",
  freezeAt: "moment",
  deadline: "moment",
  amount: "yuan",
  password: "password",
  oldPassword: "password",
  newPassword: "password",
  extendedReply: "yes",
  cipher: "hex",
  mac: "hex",
  mac1: "hex",
  mac2: "hex",
  data: "hex",
  cipher1: "hex",
  cipher2: "hex",
  random1: "hex",
  factor: "hex",
  info: "hex",
  key: "hex",
  purse: "hex",
  sealed: "hex",
  parameters: "hex",
  keys: "keys",
};
/** Places that hold several values, and those values. */
const SPREAD: Readonly<Record<string, readonly string[]>> = { block: ["cipher", "mac"], order: ["order", "restoreAfterMinutes"] };
/** What most people mean. */
const OTHERWISE: Readonly<Record<string, string>> = { operator: "00000000", restoreAfterMinutes: "0", extendedReply: "no" };
/** Names people know better than those of the forms. */
const ALSO: Readonly<Record<string, FormName>> = { relay: "relay-order" };

/** A model's own: its operator code belongs to function 03H alone, and without a clock it is told a deadline far ahead. */
function otherwise(name: FormName, model: Model | undefined): Readonly<Record<string, string>> {
  if (model === undefined) return OTHERWISE;
  const { proof, choices } = model;
  const operator = formNamed(name, choices).code === SECURITY_CODE ? proof.operator : null;
  const deadline = { strict: null, ignored: null, far: "991231235959", nines: "999999999999" }[choices.deadline];
  return { ...OTHERWISE, ...(operator === null ? {} : { operator }), ...(deadline === null ? {} : { deadline }) };
}
const SECURITY_CODE = 0x03;

/** The words of a form, in the order in which they travel. */
export function placesOf(name: FormName, choices: Choices = STANDARD): readonly string[] {
  return formNamed(name, choices).request.places.flatMap(({ name: place, slot }) => {
    if (slot.kind === "hidden") return [];
    return slot.kind === "spread" ? (SPREAD[place] ?? [place]) : [place];
  });
}

/** Every function and its words, of a model those it hears; in brackets what may be left out. */
export function listForms(model?: Model): string {
  const width = Math.max(...formNames.map((name) => name.length));
  return formNames
    .filter((name) => model === undefined || hears(model, name))
    .map((name) => {
      const given = otherwise(name, model);
      const places = placesOf(name, choicesOf(model)).map((place) => (place in given ? `[${place}=${given[place]!}]` : place));
      return `${name.padEnd(width)}  ${[addressOf(name), ...places].filter((word) => word !== "").join(" ")}`;
    })
    .join("\n");
}
const ADDRESSES = { any: "ADDRESS (or AA above)", one: "ADDRESS", alone: "[ADDRESS]", "one-or-every": "ADDRESS|all" } as const;
const isAlone = (name: FormName): boolean => formNamed(name).to === "alone" || name === "read-address";
const addressOf = (name: FormName): string => (isAlone(name) ? ADDRESSES.alone : ADDRESSES[formNamed(name).to]);

export function encode(
  given: string,
  rest: readonly string[],
  options: { readonly preamble: number; readonly env: Env; readonly model?: Model | undefined },
): string {
  const name = ALSO[given] ?? formNames.find((each) => each === given);
  if (name === undefined) throw new WrongUse(`There is no function "${given}"; \`meterctl encode --list\` shows all of them.`);
  const { env, model, preamble } = options;
  if (model !== undefined && !hears(model, name))
    throw new WrongUse(
      `A ${model.name} does not hear ${name}; \`meterctl encode --list --model ${model.name}\` shows what it hears.`,
    );
  const choices = choicesOf(model);
  const { address, words } = split(name, rest, choices);
  const named = (di: string): boolean =>
    model?.orders.some((order) => WRITES.includes(order.control) && order.di === di.toUpperCase()) === true;
  try {
    // The words of the terminal become the values of the form; the codec itself says which of them is none.
    const request = { ...valuesOf(name, words, env, model), is: name, address } as unknown as Request;
    return hexBytes(encodeFrameFor(choices, writeRequest(request, choices, named), { preamble }));
  } catch (error) {
    if (!isFault(error, "unencodable")) throw error;
    const { field, why, given: value } = error.context;
    throw new WrongUse(`${String(field)}: ${String(why)}${typeof value === "string" ? ` (given: ${value})` : ""}.`);
  }
}

const WRITES: readonly number[] = [0x04, 0x14];

interface Words {
  readonly address: string;
  readonly words: ReadonlyMap<string, string>;
}

function split(name: FormName, rest: readonly string[], choices: Choices): Words {
  const places = placesOf(name, choices);
  const words = new Map<string, string>();
  const isNamed = (word: string): boolean => /^[A-Za-z]\w*=/.test(word);
  const bare = rest.filter((word) => !isNamed(word));
  const named = rest
    .filter(isNamed)
    .map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)] as const);
  // Where one meter is alone on its line nobody need name it: the first word is an address only when there is one too many.
  const unnamed = places.filter((place) => !named.some(([given]) => given === place));
  const address = isAlone(name) && bare.length <= unnamed.length ? ANY_METER : (bare.shift() ?? "");
  if (address === "") throw new WrongUse(`address is missing: encode ${name} ${addressOf(name)} ${places.join(" ")}`.trim());
  for (const [i, word] of bare.entries()) {
    const place = places[i];
    if (place === undefined)
      throw new WrongUse(`"${word}" is one word too many; ${name} takes: ${places.join(", ") || "nothing"}.`);
    words.set(place, word);
  }
  for (const [place, value] of named) {
    if (!places.includes(place) && !(place === "value" && places.includes("data")))
      throw new WrongUse(`${name} has no place "${place}"; it takes: ${places.join(", ") || "nothing"}.`);
    words.set(place, value);
  }
  return { address: address === "all" ? EVERY_METER : address, words };
}

function valuesOf(
  name: FormName,
  words: ReadonlyMap<string, string>,
  env: Env,
  model: Model | undefined,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const choices = choicesOf(model);
  const left = otherwise(name, model);
  for (const place of placesOf(name, choices)) {
    const text = words.get(place) ?? left[place];
    if (text !== undefined) values[place] = parsed(place, text, env, model);
  }
  const value = words.get("value");
  if (value !== undefined) values["data"] = dataOf(typeof values["di"] === "string" ? values["di"] : "", value, choices);
  return values;
}

function parsed(place: string, text: string, env: Env, model: Model | undefined): unknown {
  const wrong = (what: string): never => {
    throw new WrongUse(`${place}: "${text}" is no ${what}.`);
  };
  switch (KINDS[place] ?? "text") {
    case "text":
      return text;
    case "identifier":
      return identifierOf(text, model) ?? wrong("data item; use a name of the dictionary or its hex digits");
    case "number":
      return /^\d{1,10}$/.test(text) ? Number(text) : wrong("whole number");
    case "moment":
      return momentOf(text) ?? wrong("moment; write it like 2026-11-22 10:30:00, or its digits");
    case "yuan":
      return parseYuan(text, place);
    case "hex":
      return isHex(text) ? bytesOfHex(text) : wrong("row of hex pairs");
    case "keys":
      return text.split(",").map((row) => {
        const [key = "", info = "", ...others] = row.split(":");
        if (!isHex(key) || !isHex(info) || others.length > 0) wrong("list of KEY:INFO in hex pairs, with commas between them");
        return { key: bytesOfHex(key), info: bytesOfHex(info) };
      });
    case "password":
      return new Secret(passwordOf(text, env));
    case "yes":
      return text === "yes" ? true : text === "no" ? false : wrong("yes or no");
  }
}

const isHex = (text: string): boolean => /^(?:[0-9A-Fa-f]{2})*$/.test(text);

/** What a model calls otherwise is found under the same name. */
function identifierOf(text: string, model: Model | undefined): string | undefined {
  if (/^(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{4})$/.test(text)) return text.toUpperCase();
  const own = Object.entries(model?.items ?? {}).find(([name]) => name === text)?.[1];
  return own?.di ?? itemOf(text)?.di;
}

/** 20 before a year is what people write and meters do not. */
function momentOf(text: string): string | undefined {
  if (!/^[\d\s:.T-]+$/.test(text)) return undefined;
  const digits = text.replaceAll(/\D/g, "");
  return /^20\d\d-/.test(text) ? digits.slice(2) : digits;
}

/** `env:NAME` keeps it out of the list of processes. */
function passwordOf(text: string, env: Env): string {
  if (!text.startsWith("env:")) return text;
  const found = env[text.slice(4)];
  if (found === undefined) throw new WrongUse(`password: the environment has no ${text.slice(4)}.`);
  return found;
}

/** The value of an item as its format prints it; several with semicolons between them. */
function dataOf(di: string, text: string, choices: Choices): Uint8Array {
  const item: Item | undefined = di.length === 4 ? itemOf1997(di) : itemUnder(di, choices);
  if (item === undefined || item.shape.fields.length === 0)
    throw new WrongUse(
      `value: nobody has described ${di === "" ? "this item" : di}; give data= in hex, in the order of the wire.`,
    );
  const texts = text.split(";").map((part) => part.trim());
  const { fields } = item.shape;
  const places = texts.map((_, i) => fields[i % fields.length]!);
  // A series begins anew after its last field.
  const wire = places.map(({ name, format }, i) => format.encode(format.parse(texts[i]!, name), name));
  return Uint8Array.from(wire.flatMap((bytes) => [...bytes]));
}
