/**
 * The switches by which sessions and orders work, taken from a model's profile (src/protocols/dlt645/profiles). Code asks
 * switches, never names.
 *
 * A profile may describe more than this gateway can do. `whyNotOperated` says what is missing, in words for the person who wrote
 * the site file: a meter that is known and cannot be ordered is named at the start, and not met later with money in hand.
 */
import { Secret } from "../kernel/secret.ts";
import { profileOf, profiles, type ModelProfile, type RelayOrderName } from "../protocols/dlt645/index.ts";
import type { ModelName, MoneyWays } from "./meter.ts";

export interface MeterModel {
  readonly profile: ModelProfile;
  /** A wallet in the meter: top-ups travel to it. Without one the ledger holds the money and only the relay is ordered. */
  readonly wallet: boolean;
  readonly money: MoneyWays;
  /** What it wants as operator code, whoever orders; null: ours. */
  readonly operator: string | null;
  /** An ESAM with keys: orders are secured unless the record names a password. */
  readonly keys: boolean;
  /** What it obeys in the clear, by password alone (choice `plainControl`); the rest only with cipher and MAC. */
  readonly plainOrders: readonly RelayOrderName[];
  /** 98 for State Grid, 96 for its southern counterpart. */
  readonly securedLevel: "98" | "96";
  /** For meters without keys whose record names no password: what the factory sets. */
  readonly relayPassword: { readonly level: "02" | "03" | "04"; readonly secret: Secret<string> };
  /** `whole`: cipher and MAC turned round as one block (two firmwares); `fields`: each for itself (one terminal). */
  readonly controlBlock: "whole" | "fields";
  /** P2 = 01 asks for two bytes that tell MAC, password, deadline and protection apart; older meters ignore it. */
  readonly extendedReply: boolean;
  /** `real`: a date at most five minutes ahead by the meter's clock; `far`: 99-12-31 for meters without a clock. */
  readonly deadline: "real" | "far";
  /** What its relay can be told; older utility meters cannot close without a person at the button, breakers have none. */
  readonly orders: readonly RelayOrderName[];
  readonly preamble: number;
}

const RELAY_ORDERS: readonly RelayOrderName[] = [
  ...(["disconnect", "reconnect", "arm", "protect", "unprotect", "warn", "unwarn"] as const),
  ...(["disconnectThenReconnect", "disconnectThenArm"] as const),
];
const OBEYED_IN_THE_CLEAR: Readonly<Record<ModelProfile["choices"]["plainControl"], readonly RelayOrderName[]>> = {
  obeyed: RELAY_ORDERS,
  "restores-only": ["reconnect", "arm"],
  refused: [],
};

export function modelOf(profile: ModelProfile): MeterModel {
  const { proof, choices } = profile;
  const { level, factory } = proof.password ?? { level: "02", factory: "000000" };
  return {
    profile,
    wallet: profile.wallet !== null,
    money: {
      purchase: profile.purchase?.repeatProof ?? null,
      refund: profile.refund?.repeatProof ?? null,
      unit: profile.wallet,
    },
    operator: proof.operator,
    keys: proof.kind === "esam",
    plainOrders: OBEYED_IN_THE_CLEAR[choices.plainControl],
    securedLevel: proof.levels?.cipher ?? "98",
    relayPassword: { level, secret: new Secret(factory) },
    controlBlock: choices.controlBlock,
    extendedReply: choices.relayReply !== "short",
    deadline: choices.deadline === "strict" ? "real" : "far",
    orders: RELAY_ORDERS.filter((order) => profile.relayOrders.includes(order)),
    preamble: profile.line.preamble,
  };
}

/** What this gateway would have to learn before it could order such a meter; null: nothing. */
export function whyNotOperated({ proof, wallet, purchase, choices, edition }: ModelProfile): string | null {
  if (edition !== "2007") return "it speaks the edition of 1997, in which orders are not built yet";
  if (proof.kind === "soft-esam") return `no security module computes its MACs (${proof.scheme ?? "not public"})`;
  if (proof.kind === "password" && choices.plainControl !== "obeyed") return "it has no keys and does not obey a password either";
  // A token says itself how much it is worth, and nobody here has to turn money into energy.
  if (wallet === "kWh" && purchase?.repeatProof !== "token") return "its wallet holds kilowatt-hours, and a payment is money";
  if (purchase !== null && !LAYOUTS_BUILT.includes(choices.purchase))
    return `purchases are not built in the layout it wants: ${choices.purchase}`;
  if (choices.word3 === "base" || choices.word3 === "chint")
    return "its word 3 says other things than the relay's picture is made of";
  if (choices.deadline === "nines") return "it wants a deadline of nines";
  return choices.secondByte === "01" && proof.kind !== "password" ? "its secured relay orders carry an N2 of their own" : null;
}

/** By count, by order number, by token; the others of the topic `purchase` are in nobody's hands here yet. */
const LAYOUTS_BUILT: readonly string[] = ["1E", "22", "1C"] satisfies readonly ModelProfile["choices"]["purchase"][];

const modelNames = [
  "standard-wallet",
  "remote-ledger",
  "state-grid-2009",
  "southern-grid",
  "breaker-645",
  "order-number-4g",
  "sts-token",
] as const satisfies readonly ModelName[];

const operated = (name: ModelName): MeterModel => modelOf(profileOf(name)!);

export const meterModels: Readonly<Record<ModelName, MeterModel>> = {
  "standard-wallet": operated("standard-wallet"),
  "remote-ledger": operated("remote-ledger"),
  "state-grid-2009": operated("state-grid-2009"),
  "southern-grid": operated("southern-grid"),
  "breaker-645": operated("breaker-645"),
  "order-number-4g": operated("order-number-4g"),
  "sts-token": operated("sts-token"),
};

export const isModelName = (name: string): name is ModelName => Object.hasOwn(meterModels, name);

/** What a person reads who wrote a model that is not taken; null where it is. */
export function complaintAbout(model: string): string | null {
  if (isModelName(model)) return null;
  const profile = profiles.find(({ name }) => name === model);
  const allowed = `must be one of ${modelNames.map((name) => JSON.stringify(name)).join(", ")}`;
  return profile === undefined
    ? allowed
    : `"${model}" is known, but the gateway cannot order it yet: ${whyNotOperated(profile) ?? "nobody has tried"}; ${allowed}`;
}
