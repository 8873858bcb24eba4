/**
 * 11H for what a meter keeps: parameters, the logbook, the display test. Asked after `reading`, whose live values win; what is
 * not here either is ERR 02, no such data. 12H, the rest of a long answer, is answered here as well.
 */
import { joined } from "../bytes.ts";
import { cut } from "../parameter-store.ts";
import { parameterOf } from "../parameters.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import { BROADCAST } from "./address.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";

const DISPLAY = "04040300";
/** DI 4, the item to show 4, its screen 1. */
const DISPLAY_REQUEST_BYTES = 9;
const PRICE_BYTES = 4;

/** 0405 02NN: one price out of the block that is written as a whole. */
function standbyPrice(meter: VirtualMeter, di: string): Uint8Array | undefined {
  const place = di.startsWith("040502") ? Number(di.slice(6)) : 0;
  const prices = meter.parameters.value("040502FF") ?? new Uint8Array(0);
  return place >= 1 && place <= prices.length / PRICE_BYTES
    ? prices.slice((place - 1) * PRICE_BYTES, place * PRICE_BYTES)
    : undefined;
}

function parameter(meter: VirtualMeter, di: string): readonly Uint8Array[] | undefined {
  const value = meter.parameters.value(di) ?? standbyPrice(meter, di);
  return value && cut(value, parameterOf(di)?.layout(value.length) ?? [value.length]);
}

/** The item is taken and told back; a display is nowhere to be seen here. Everybody at once may be asked, and nobody answers. */
function showOnDisplay(request: Frame): Answer {
  if (request.address === BROADCAST) return "silent";
  return request.data.length === DISPLAY_REQUEST_BYTES ? yes(request, request.data) : no(request, Err.other);
}

export const keeping: Behaviour = {
  name: "keeping",
  hear(request, meter) {
    if (request.control === FunctionCode.readOn) return meter.readOn.next(request);
    if (request.control !== FunctionCode.read) return undefined;
    const di = dataItemOf(request.data);
    if (di === DISPLAY) return showOnDisplay(request);
    // A password is never shown, whether the meter keeps one of that level or not.
    if (di.startsWith("04000C")) return no(request, Err.unauthorised);
    const values = meter.logbook.read(di) ?? parameter(meter, di);
    if (values === undefined) return no(request, Err.noData);
    return { ...yes(request, joined(dataItemBytes(di), ...values)), values };
  },
};
