/**
 * The Chint family: its own software for a chip, four relay orders whose deadline it does not look at, one price, bits of word 3 of
 * its own. Money that comes closes what lack of money opened, which the plain wallet does as well.
 */
import type { Chance } from "../../src/kernel/chance.ts";
import type { Answer, Behaviour } from "../behaviours/behaviour.ts";
import { Err, Serr } from "../behaviours/behaviour.ts";
import { grant, refuse } from "../behaviours/identity.ts";
import { reading } from "../behaviours/reading.ts";
import { relay } from "../behaviours/relay.ts";
import { bcdDigits, binary, fromBinary, fromHex, hex, joined, reversed } from "../bytes.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import { NEVER_LATE } from "./breaker-645.ts";
import { knowsOnly, lacks, word3Is } from "./dialect.ts";
import { creditTo, takeFrom } from "./money.ts";
import { Header, SoftEsam } from "./soft-esam.ts";

const ORDERS: readonly number[] = [0x1a, 0x1c, 0x3a, 0x3b];

export function chint(chance: Chance, meterNumber: () => string): readonly Behaviour[] {
  const chip = new SoftEsam(chance, meterNumber);
  const hasSession = (meter: VirtualMeter): boolean => chip.hasSession(meter.time.unhurried());

  function authenticate(request: Frame, meter: VirtualMeter): Answer {
    const { data } = request;
    if (data.length !== 32) return refuse(request, Serr.other);
    const [cipher1, random1, factor] = [data.slice(8, 16), data.slice(16, 24), data.slice(24, 32)].map(reversed) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const result = chip.authenticate(meter.time.unhurried(), { cipher1, random1, factor });
    if (result === "other-meter") return refuse(request, Serr.other);
    if (result === "refused") return refuse(request, Serr.identity);
    return grant(request, reversed(result), reversed(joined(fromHex("5345"), fromHex(meter.meterNumber))));
  }

  /** The same order of checks as everywhere: a wrong customer hides a repeated count. */
  function purchase(request: Frame, meter: VirtualMeter): Answer {
    const { data } = request;
    const opening = dataItemOf(data) === "070101FF";
    if (data.length !== 30) return refuse(request, Serr.other);
    if (!hasSession(meter)) return refuse(request, Serr.identity);
    const customer = bcdDigits(data.slice(20, 26));
    if (customer === undefined || meter.keyState !== "production" || (!opening && !meter.isOpened))
      return refuse(request, Serr.other);
    if (meter.isOpened && customer !== meter.customerNumber) return refuse(request, Serr.customer);
    if (!chip.accepts(Header.customer, fromHex(customer), reversed(data.slice(26, 30)))) return refuse(request, Serr.mac);
    const count = fromBinary(data.slice(12, 16));
    if (count === meter.purchaseCount && !opening) return refuse(request, Serr.repeated);
    if (count !== meter.purchaseCount + 1n && count !== meter.purchaseCount) return refuse(request, Serr.count);
    const amountAndCount = joined(reversed(data.slice(8, 12)), reversed(data.slice(12, 16)));
    if (!chip.accepts(Header.purse, amountAndCount, reversed(data.slice(16, 20)))) return refuse(request, Serr.mac);
    const amount = fromBinary(data.slice(8, 12));
    if (count > meter.purchaseCount && !creditTo(meter, amount, count)) return refuse(request, Serr.hoarding);
    if (opening) {
      meter.customerNumber = customer;
      meter.isOpened = true;
      meter.obeyed.openAccounts += 1;
    }
    return grant(request);
  }

  function endSession(request: Frame, meter: VirtualMeter): Answer {
    if (!hasSession(meter)) return refuse(request, Serr.identity);
    chip.endSession();
    const keyInfo = binary(meter.keyState === "production" ? 0x000fffffn : 0n, 4);
    return grant(
      request,
      reversed(fromHex(meter.customerNumber)),
      binary(meter.wallet.balance, 4),
      binary(meter.purchaseCount, 4),
      keyInfo,
    );
  }

  const security: Behaviour = {
    name: "security in software",
    keeps: chip,
    hear(request, meter) {
      if (request.control !== FunctionCode.security || request.data.length < 8) return undefined;
      switch (dataItemOf(request.data)) {
        case "070000FF":
          return authenticate(request, meter);
        case "070002FF":
          return endSession(request, meter);
        case "070101FF":
        case "070102FF":
          return purchase(request, meter);
        default:
          // 070103FF takes test keys; with or without them this meter does not play it.
          return refuse(request, Serr.other);
      }
    },
  };

  /** The plain text of a 20-byte block, cipher first; undefined when session or MAC say no. */
  function opened(cipher: Uint8Array, mac: Uint8Array, header: Header, meter: VirtualMeter): Uint8Array | undefined {
    return hasSession(meter) && chip.accepts(header, cipher, mac) ? chip.decipher(cipher) : undefined;
  }

  const orders: Behaviour = {
    name: "four orders, no deadline",
    hear(request, meter) {
      const { control, data } = request;
      if (control !== FunctionCode.control) return undefined;
      let n1 = data[8];
      let password: Uint8Array = data.slice(0, 4);
      if (data[0] === 0x98) {
        const block = data.length === 28 ? reversed(data.slice(8)) : new Uint8Array(20);
        n1 = opened(block.slice(0, 16), block.slice(16), Header.control, meter)?.[0];
        password = joined(Uint8Array.of(0x02), reversed(fromHex(meter.passwords["02"]!)));
      } else if (data.length !== 16) return no(request, Err.unauthorised);
      if (n1 === undefined || !ORDERS.includes(n1)) return no(request, Err.unauthorised);
      const plain = joined(password, data.slice(4, 8), Uint8Array.of(n1, 0), NEVER_LATE);
      return relay.hear({ ...request, data: plain }, meter);
    },
  };

  const refunds: Behaviour = {
    name: "refund through file 8C",
    hear(request, meter) {
      const { control, data } = request;
      if (control !== FunctionCode.write || data[4]! < 0x90) return undefined;
      if (dataItemOf(data) !== "04001006" || data[4] !== 0x98 || data.length !== 32) return no(request, Err.unauthorised);
      const text = opened(reversed(data.slice(12, 28)), reversed(data.slice(28)), Header.refund, meter);
      if (text === undefined || !chip.accepts(Header.purse, text.slice(0, 4), text.slice(4, 8)))
        return no(request, Err.unauthorised);
      return takeFrom(meter, BigInt(`0x${hex(text.slice(0, 4))}`)) ? yes(request) : no(request, Err.other);
    },
  };

  const word3 = word3Is(
    (meter) => ({
      1: meter.relay.trippedBy === "order",
      2: meter.wallet.overdraft > 0n && meter.wallet.overdraft >= meter.wallet.overdraftLimit,
      3: meter.keyState === "production",
      4: !meter.relay.isClosed,
      9: true,
      10: meter.wallet.balance < meter.alarms.second,
      11: meter.wallet.balance < meter.alarms.first,
      12: meter.isProtected,
      13: hasSession(meter),
      14: !meter.isOpened,
    }),
    reading,
  );

  return [
    knowsOnly([0x03, 0x08, 0x11, 0x12, 0x13, 0x14, 0x1c]),
    security,
    orders,
    refunds,
    lacks("04000508", "040014", "02800021"),
    word3,
  ];
}
