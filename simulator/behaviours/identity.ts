/** 03H, the session: prove who you are (070000FF), how long it holds (070001FF), the end of it (070002FF). */
import { bcdDigits, binary, fromHex, joined, reversed } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { lowHigh, Serr } from "./behaviour.ts";
import { keyInfo } from "./state-words.ts";

/** DI 4 and operator code 4 stand before the fields of every 03H request. */
export const SECURITY_HEAD_BYTES = 8;

export const refuse = (request: Frame, serr: number): Answer => no(request, ...lowHigh(serr));
export const grant = (request: Frame, ...data: readonly Uint8Array[]): Answer =>
  yes(request, joined(dataItemBytes(dataItemOf(request.data)), ...data));

function authenticate(request: Frame, meter: VirtualMeter): Answer {
  const { data } = request;
  if (data.length !== 32) return refuse(request, Serr.other);
  const [cipher1, random1, factor] = [reversed(data.slice(8, 16)), reversed(data.slice(16, 24)), reversed(data.slice(24, 32))];
  const result = meter.esam.authenticate(meter.time.unhurried(), { cipher1, random1, factor });
  if (result === "other-meter") return refuse(request, Serr.other);
  if (result === "refused") return refuse(request, Serr.identity);
  return grant(request, reversed(result), reversed(meter.esam.serial));
}

function setValidity(request: Frame, meter: VirtualMeter): Answer {
  const { data } = request;
  if (data.length !== 14) return refuse(request, Serr.other);
  const now = meter.time.unhurried();
  if (!meter.esam.hasSession(now)) return refuse(request, Serr.identity);
  if (meter.esam.isSuspended(meter.day)) return refuse(request, Serr.suspended);
  const minutes = bcdDigits(data.slice(8, 10));
  if (minutes === undefined || Number(minutes) === 0) return refuse(request, Serr.other);
  const sealed = { purpose: Purpose.parameters, control: 0x03, di: "070001FF", tag: 1, data: fromHex(minutes) } as const;
  if (!meter.esam.accepts(sealed, reversed(data.slice(10, 14)), { day: meter.day, isLast: true }))
    return refuse(request, Serr.mac);
  meter.esam.setValidity(now, Number(minutes));
  return grant(request);
}

function endSession(request: Frame, meter: VirtualMeter): Answer {
  if (request.data.length !== SECURITY_HEAD_BYTES) return refuse(request, Serr.other);
  if (!meter.esam.hasSession(meter.time.unhurried())) return refuse(request, Serr.identity);
  meter.esam.endSession();
  const { balance } = meter.hasWallet ? meter.wallet : { balance: 0n };
  return grant(
    request,
    reversed(fromHex(meter.customerNumber)),
    binary(balance, 4),
    binary(meter.purchaseCount, 4),
    keyInfo(meter),
  );
}

export const identity: Behaviour = {
  name: "identity",
  hear(request, meter) {
    if (request.control !== FunctionCode.security || request.data.length < SECURITY_HEAD_BYTES) return undefined;
    switch (dataItemOf(request.data)) {
      case "070000FF":
        return authenticate(request, meter);
      case "070001FF":
        return setValidity(request, meter);
      case "070002FF":
        return endSession(request, meter);
      default:
        return undefined;
    }
  },
};
