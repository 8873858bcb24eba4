/**
 * The orders of the crash matrix: how each is prepared, given and known on the wire, and what has to be true in the end, seen from the
 * outside: at the meter's own side door and at the gateway's.
 */
import type { Thing } from "../../src/demo/desk.ts";
import type { StreetProcess } from "../support/processes.ts";
import { until, type Client } from "./client.ts";
import type { Frame } from "./wire-gates.ts";

export type Picture = Awaited<ReturnType<StreetProcess["meter"]>>;

export interface Given {
  readonly meter: string;
  /** A meter of the street that the site does not know. */
  readonly spare: string;
  /** Names this order for ever: the same words mean the same order. */
  readonly key: string;
}

export interface OrderKind {
  readonly name: string;
  readonly moves: "money" | "relay";
  /** The meter that its command goes to; left out: the one that was named. */
  readonly target?: (given: Given) => string;
  /** What the meter needs to have behind it; answers what giving the order needs to know. */
  prepare(client: Client, given: Given, street: StreetProcess): Promise<string | null>;
  /** Answers the command's id. */
  give(client: Client, given: Given, prepared: string | null): Promise<string>;
  readonly frame: Omit<Frame, "meter">;
  /** What is wrong with the meter after the command was confirmed, seen before the order and now; null: nothing. */
  wrongAtMeter(before: Picture, now: Picture): string | null;
  /** What is wrong with the payment. */
  wrongInBooks(client: Client, given: Given, command: Thing): Promise<string | null>;
}

const AMOUNT = "7.00";
const AMOUNT_FEN = 700;
/** What every meter of the street holds at first. */
export const BALANCE = "10.00";
const BALANCE_FEN = 1_000;
export const BUS = "mqtt-1";
const accountOf = (meter: string): string => meter.slice(2);
const commandIn = (answer: Thing): string => String((answer["command"] as Thing)["id"]);
const fen = (picture: Picture): number => Math.round(Number(picture["balance"]) * 100);
const obeyed = (picture: Picture, what: string): number => picture.obeyed[what] ?? 0;
const nothing = (): Promise<null> => Promise.resolve(null);

const pay = (client: Client, { meter, key }: Given): Promise<Thing> =>
  client.post("/v1/payments", { account: accountOf(meter), amount: AMOUNT, channel: "matrix", orderId: key });

/** The first thing that is not as it should be, in words. */
function firstWrong(rows: readonly (readonly [what: string, is: unknown, should: unknown])[]): string | null {
  const wrong = rows.find(([, is, should]) => is !== should);
  return wrong === undefined ? null : `${wrong[0]} is ${String(wrong[1])}, not ${String(wrong[2])}`;
}

async function paymentWrong(client: Client, { meter }: Given, command: Thing, state: string): Promise<string | null> {
  const account = await client.get(`/v1/accounts/${accountOf(meter)}`);
  const payment = await client.get(`/v1/payments/${String(command["payment"])}`);
  return firstWrong([
    ["the payment", payment["state"], state],
    ["available", account["available"], "0.00"],
    ["held", account["held"], "0.00"],
  ]);
}

const ENDS_MS_MAX = 60_000;
const ends = (client: Client, id: string): Promise<void> =>
  until(`command ${id} to end`, ENDS_MS_MAX, async () => (await client.get(`/v1/commands/${id}`))["endedAt"] !== null);

const relay = (order: "disconnect" | "reconnect", count: string, shows: string): OrderKind => ({
  name: order,
  moves: "relay",
  prepare:
    order === "disconnect"
      ? nothing
      : async (client, given) => {
          await ends(client, await giveRelay(client, given, "disconnect", "-first"));
          return null;
        },
  give: (client, given) => giveRelay(client, given, order, ""),
  frame: { control: 0x1c, item: null },
  wrongAtMeter: (before, now) =>
    firstWrong([
      ["the relay", now["relay"], shows],
      ["orders obeyed", obeyed(now, count) - obeyed(before, count), 1],
    ]),
  wrongInBooks: async (client, { meter }) => {
    const shown = (await client.get(`/v1/meters/${meter}`))["relay"] as Thing;
    return firstWrong([["the relay of the books", shown["reported"], shows]]);
  },
});

const giveRelay = async (client: Client, { meter, key }: Given, order: string, suffix: string): Promise<string> =>
  commandIn(await client.post(`/v1/meters/${meter}/relay`, { order, reason: "crash matrix" }, key + suffix));

const topUp: OrderKind = {
  name: "top-up",
  moves: "money",
  prepare: nothing,
  give: async (client, given) => commandIn(await pay(client, given)),
  frame: { control: 0x03, item: "070102FF" },
  wrongAtMeter: (before, now) =>
    firstWrong([
      ["the purchase count", Number(now["purchaseCount"]) - Number(before["purchaseCount"]), 1],
      ["fen credited", fen(now) - fen(before), AMOUNT_FEN],
      ["top-ups obeyed", obeyed(now, "topUps") - obeyed(before, "topUps"), 1],
    ]),
  wrongInBooks: (client, given, command) => paymentWrong(client, given, command, "allocated"),
};

const refund: OrderKind = {
  name: "refund",
  moves: "money",
  prepare: async (client, given) => {
    const paid = await pay(client, { ...given, key: `${given.key}-first` });
    await ends(client, commandIn(paid));
    return String((paid["payment"] as Thing)["id"]);
  },
  give: async (client, { key }, payment) =>
    commandIn(await client.post(`/v1/payments/${payment!}/refund`, { reason: "crash matrix" }, key)),
  frame: { control: 0x14, item: "04001006" },
  wrongAtMeter: (before, now) =>
    firstWrong([
      ["the purchase count", now["purchaseCount"], before["purchaseCount"]],
      ["fen taken back", fen(before) - fen(now), AMOUNT_FEN],
      ["refunds obeyed", obeyed(now, "refunds") - obeyed(before, "refunds"), 1],
    ]),
  wrongInBooks: (client, given, command) => paymentWrong(client, given, command, "refunded"),
};

/** The old wallet's rest goes to the new meter by a command of its own: that is the one which is brought to a step. */
const replacement: OrderKind = {
  name: "replacement",
  moves: "money",
  target: ({ spare }) => spare,
  // as it comes from the workshop: it carries the customer already
  prepare: async (_client, { meter, spare }, street) => {
    const response = await fetch(`http://127.0.0.1:${street.ready.control}/meters/${spare}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ customerNumber: `00${accountOf(meter)}` }),
    });
    if (!response.ok) throw new Error(await response.text());
    return null;
  },
  give: async (client, { meter, spare, key }) => {
    const newMeter = { address: spare, bus: BUS, model: "standard-wallet", customerNumber: `00${accountOf(meter)}` };
    const answer = await client.post(`/v1/meters/${meter}/replacement`, { newMeter, reason: "crash matrix" }, key);
    const { id } = answer["replacement"] as { readonly id: string };
    let command: unknown = null;
    await until(`replacement ${id} to have its command`, ENDS_MS_MAX, async () => {
      command = (await client.get(`/v1/replacements/${id}`))["command"];
      return command !== null;
    });
    return String(command);
  },
  frame: topUp.frame,
  wrongAtMeter: (before, now) =>
    firstWrong([
      ["the purchase count", Number(now["purchaseCount"]) - Number(before["purchaseCount"]), 1],
      ["fen carried over", fen(now) - fen(before), BALANCE_FEN],
      ["top-ups obeyed", obeyed(now, "topUps") - obeyed(before, "topUps"), 1],
    ]),
  wrongInBooks: async (client, { meter, spare }) => {
    const done = async (): Promise<Thing> =>
      ((await client.get(`/v1/replacements?meter=${meter}`))["items"] as readonly Thing[])[0] ?? {};
    await until(`the replacement of ${meter} to be done`, ENDS_MS_MAX, async () => (await done())["step"] === "done");
    const account = await client.get(`/v1/accounts/${accountOf(meter)}`);
    return firstWrong([
      ["the account's meter", String(account["meters"]), spare],
      ["available", account["available"], "0.00"],
      ["held", account["held"], "0.00"],
    ]);
  },
};

export const orderKinds: readonly OrderKind[] = [
  topUp,
  refund,
  relay("disconnect", "disconnects", "disconnected"),
  relay("reconnect", "reconnects", "connected"),
  replacement,
];
