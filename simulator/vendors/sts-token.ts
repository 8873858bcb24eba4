/**
 * A meter that lives on tokens. Real ones are under keys that are not public; a token of this street is eight digits of hundredths
 * of a kWh, ten digits of its number, and two that check the rest (modulo 97): good for nothing but being used once. A number
 * not above the last is a repeat. Orders go by level 03; level 96 wants keys that this meter does not have.
 */
import type { Behaviour } from "../behaviours/behaviour.ts";
import { Err, lowHigh, Serr } from "../behaviours/behaviour.ts";
import { relay } from "../behaviours/relay.ts";
import { reversed } from "../bytes.ts";
import type { Keeps } from "../state/keeping.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import { asPlain, has, knowsOnly, lacks } from "./dialect.ts";
import { kwhItems, kwhWord3 } from "./energy-prepay.ts";
import { creditTo } from "./money.ts";

const HEAD_BYTES = 8;

/** Amount and number of a token, or undefined where its digits do not hold together. */
function read(letters: Uint8Array): { readonly amount: bigint; readonly number: bigint } | undefined {
  const digits = Buffer.from(reversed(letters)).toString("latin1");
  if (!/^\d{20}$/.test(digits)) return undefined;
  const body = digits.slice(0, 18);
  return BigInt(body) % 97n === BigInt(digits.slice(18))
    ? { amount: BigInt(body.slice(0, 8)), number: BigInt(body.slice(8)) }
    : undefined;
}

export function stsToken(): readonly Behaviour[] {
  let lastNumber = 0n;

  const tokens: Behaviour = {
    name: "tokens",
    keeps: {
      keptAs: "tokens",
      save: () => ({ lastNumber }),
      load: (state: { lastNumber: bigint }) => void ({ lastNumber } = state),
    } satisfies Keeps<{ lastNumber: bigint }>,
    hear(request, meter) {
      if (request.control !== FunctionCode.security || request.data.length < HEAD_BYTES) return undefined;
      const token = dataItemOf(request.data) === "070102FF" ? read(request.data.slice(HEAD_BYTES)) : undefined;
      if (token === undefined) return no(request, ...lowHigh(Serr.other));
      if (token.number <= lastNumber) return no(request, ...lowHigh(Serr.repeated));
      if (!creditTo(meter, token.amount)) return no(request, ...lowHigh(Serr.hoarding));
      lastNumber = token.number;
      return yes(request, dataItemBytes("070102FF"));
    },
  };

  const level03: Behaviour = {
    name: "orders at level 03",
    hear(request, meter) {
      if (request.control !== FunctionCode.control) return undefined;
      // The plain meter keeps this password under its level 02.
      return request.data[0] === 0x03 ? relay.hear(asPlain(request, { 0: 0x02 }), meter) : no(request, Err.unauthorised);
    },
  };

  return [
    knowsOnly([0x03, 0x08, 0x11, 0x12, 0x13, 0x14, 0x1c]),
    tokens,
    level03,
    lacks("009002", "0280002", "0332", "0333", "0334", "0400040E", "04000508", "040010"),
    has(kwhItems),
    kwhWord3,
  ];
}
