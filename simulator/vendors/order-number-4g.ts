/**
 * The 4G meter with order numbers. An order it has seen is refused with 02, an amount it cannot hold or give with 01, another
 * meter's address with 10: one byte each. Its parameter block is the trap that field reports tell of: a write is answered
 * "refused", and eight prices and one byte beside them have changed all the same.
 */
import type { Answer, Behaviour } from "../behaviours/behaviour.ts";
import { bcd, bcdDigits, fromBinary, hex, joined, signedBcd } from "../bytes.ts";
import { runStateWord } from "../behaviours/state-words.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { refill } from "../state/keeping.ts";
import type { Keeps } from "../state/keeping.ts";
import type { Frame } from "../wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import { has, knowsOnly, lacks, obeysOnly } from "./dialect.ts";
import { creditTo, takeFrom } from "./money.ts";

const Refused = { other: 0x01, repeated: 0x02, meter: 0x10 } as const;
const ORDERS_REMEMBERED_MAX = 100;
/** A purchase and the short refund; the long refund has six more bytes. */
const SHORT = 34;
const LONG = 40;
const BLOCK_BYTES = 143;
/** Where the eight prices of the block stand, and the byte that changes though nobody asked. */
const PRICES = { from: 64, to: 96 } as const;
const FOREIGN_BYTE = 100;

export function orderNumber4g(): readonly Behaviour[] {
  const seen: string[] = [];
  const block = new Uint8Array(BLOCK_BYTES);

  function pay(request: Frame, meter: VirtualMeter, isRefund: boolean): Answer {
    const { data } = request;
    if (data.length !== SHORT && !(isRefund && data.length === LONG)) return no(request, Refused.other);
    if (bcdDigits(data.slice(24, 30)) !== meter.address) return no(request, Refused.meter);
    const order = hex(data.slice(12, 20));
    if (seen.includes(order)) return no(request, Refused.repeated);
    const amount = fromBinary(data.slice(8, 12));
    if (!(isRefund ? takeFrom(meter, amount) : creditTo(meter, amount))) return no(request, Refused.other);
    seen.unshift(order);
    seen.splice(ORDERS_REMEMBERED_MAX);
    return yes(request, dataItemBytes(dataItemOf(data)));
  }

  function writeBlock(request: Frame): Answer {
    const given = request.data.slice(8);
    if (given.length === BLOCK_BYTES) {
      block.set(given.slice(PRICES.from, PRICES.to), PRICES.from);
      block[FOREIGN_BYTE] = 0x01;
    }
    return no(request, Refused.other);
  }

  const security: Behaviour = {
    name: "order numbers",
    keeps: {
      keptAs: "orderNumbers",
      save: () => ({ seen, block }),
      load: (state: { seen: string[]; block: Uint8Array }) => {
        refill(seen, state.seen);
        block.set(state.block);
      },
    } satisfies Keeps<{ seen: string[]; block: Uint8Array }>,
    hear(request, meter) {
      if (request.control !== FunctionCode.security || request.data.length < 8) return undefined;
      switch (dataItemOf(request.data)) {
        case "070102FF":
          return pay(request, meter, false);
        case "070108FF":
          return pay(request, meter, true);
        case "070104FF":
          return writeBlock(request);
        default:
          return no(request, Refused.other);
      }
    },
  };

  return [
    knowsOnly([0x03, 0x11, 0x13, 0x1c]),
    security,
    has({
      "028011FF": (meter) =>
        joined(
          bcd(meter.wallet.balance, 4),
          bcd(meter.energySteps, 4),
          bcd(meter.life.phases[0]!.decivolts, 2),
          signedBcd(meter.milliamps, 3),
          signedBcd(meter.milliwatts / 100n, 3),
          runStateWord(meter, 3),
        ),
      "070104FF": () => block,
    }),
    lacks("0400040E", "04000508", "040010", "040014", "00900201", "0333", "0334", "0280002"),
    obeysOnly([0x1a, 0x1b, 0x1c]),
  ];
}
