/**
 * 03H 07A006FF: from local to remote mode, as one Southern Grid firmware has it. What is left in the purse is refunded to zero and a
 * record of it kept, alarm and trip flags go, the relay closes; back to local is refused under production keys.
 *
 * The layout is the page's: meter number 8 with two leading zero bytes, mode 1, MAC 4, purse 8, MAC 4. What the MACs cover and what the
 * purse field holds is told nowhere; here the first covers number and mode, and the second a purse of balance 4 and count 4, of which
 * only the balance has to be zero when the mode is remote.
 */
import { binary, equalBytes, fromBinary, fromHex, joined, reversed } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemOf, FunctionCode } from "../wire.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Serr } from "./behaviour.ts";
import { grant, refuse, SECURITY_HEAD_BYTES } from "./identity.ts";
import { barred } from "./prepay.ts";

const DI = "07A006FF";
const LENGTH = SECURITY_HEAD_BYTES + 25;
const RECORDS_MAX = 10;
const REMOTE = 1;

function change(request: Frame, meter: VirtualMeter): Answer {
  const { data } = request;
  if (data.length !== LENGTH) return refuse(request, Serr.other);
  const bar = barred(meter);
  if (bar !== undefined) return refuse(request, bar);
  const number = reversed(data.slice(8, 16));
  const mode = data[16]!;
  const purse = joined(reversed(data.slice(21, 25)), reversed(data.slice(25, 29)));
  if (!equalBytes(number, joined(new Uint8Array(2), fromHex(meter.meterNumber))) || mode > REMOTE)
    return refuse(request, Serr.other);
  const accepts = (purpose: Purpose, tag: 1 | 2, fields: Uint8Array, mac: Uint8Array): boolean =>
    meter.esam.accepts({ purpose, control: 0x03, di: DI, tag, data: fields }, reversed(mac), {
      day: meter.day,
      isLast: tag === 2,
    });
  if (!accepts(Purpose.parameters, 1, joined(number, Uint8Array.of(mode)), data.slice(17, 21))) return refuse(request, Serr.mac);
  if (!accepts(Purpose.purse, 2, purse, data.slice(29, 33))) return refuse(request, Serr.mac);
  if (mode !== REMOTE) {
    if (!meter.hasWallet && meter.keyState === "production") return refuse(request, Serr.other);
    meter.mode = "local";
  } else if (fromBinary(data.slice(21, 25)) !== 0n) return refuse(request, Serr.other);
  else if (meter.hasWallet) goRemote(meter);
  return grant(request, binary(BigInt(mode), 1));
}

function goRemote(meter: VirtualMeter): void {
  const { wallet, purchaseCount: count } = meter;
  const before = wallet.balance;
  wallet.refund(before);
  meter.refunds.unshift({ at: meter.clock, count, amount: before, before, after: wallet.balance, total: 0n });
  meter.refunds.splice(RECORDS_MAX);
  meter.obeyed.modeSwitches += 1;
  meter.isWarned = false;
  meter.isReminded = false;
  meter.mode = "remote";
  meter.relay.reconnect(meter.settle());
  meter.reconsider();
}

export const modeSwitch: Behaviour = {
  name: "mode switch",
  hear: (request, meter) =>
    request.control === FunctionCode.security && request.data.length >= SECURITY_HEAD_BYTES && dataItemOf(request.data) === DI
      ? change(request, meter)
      : undefined,
};
