/**
 * 14H, writing.
 *
 *     DI 4 · PA P0 P1 P2 · operator 4 · field              level 00 to 09 and its password
 *     DI 4 · 99 00 00 00 · operator 4 · field · MAC 4      class 1, clear with a MAC
 *     DI 4 · 98 00 00 00 · operator 4 · cipher · MAC 4     class 2, ciphered
 *
 * Order of the checks (dlt645-2007 5.4): length, session, suspension, digits and range, MAC, and only then what the item has to
 * say. The chip opens a cipher only when its MAC is right, so under level 98 the MAC comes before the digits. What cannot be
 * written is not authorised, ERR 04 (habit `unknownWrite`). The refund, 04001006, is in `refund.ts`.
 */
import { hex, joined, reversed } from "../bytes.ts";
import { cut } from "../parameter-store.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import { HEAD_BYTES, isBarred, MAC_BYTES, openedField, passwordAllows } from "./access.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";
import { programmed } from "./programming.ts";
import { REFUND, refund } from "./refund.ts";
import type { Writable } from "./writables.ts";
import { writableOf } from "./writables.ts";

interface Order {
  readonly di: string;
  readonly item: Writable;
  readonly data: Uint8Array;
}

function write(meter: VirtualMeter, { di, item, data }: Order, field: Uint8Array): number | undefined {
  if (item.underTestKeysOnly && meter.keyState !== "test") return Err.other;
  const objection = item.objection(meter, field);
  if (objection !== undefined) return objection;
  programmed(meter, di, data.slice(8, 12), () => item.set(meter, field));
  return undefined;
}

/** A meter on test keys takes a password for everything; with production keys it is a habit of the meter. */
function passwordIsEnough(meter: VirtualMeter, item: Writable): boolean {
  if (item.underTestKeysOnly) return false;
  if (meter.keyState === "test" || meter.habits.plainWrites === "obeyed") return true;
  return meter.habits.plainWrites === "class-3" && item.level === "04";
}

function byPassword(meter: VirtualMeter, order: Order): number | undefined {
  const isAllowed = passwordAllows(meter, order.data.slice(4, 8), order.item.level);
  if (!isAllowed || !passwordIsEnough(meter, order.item)) return Err.unauthorised;
  return write(meter, order, order.data.slice(HEAD_BYTES));
}

function byMac(meter: VirtualMeter, order: Order): number | undefined {
  const { di, item, data } = order;
  if (item.securedLevel !== 99) return Err.unauthorised;
  const [field, mac] = [data.slice(HEAD_BYTES, -MAC_BYTES), reversed(data.slice(-MAC_BYTES))];
  const sizes = item.layout(field.length);
  if (sizes === undefined) return item.objection(meter, field) ?? Err.other;
  if (isBarred(meter)) return Err.unauthorised;
  const objection = item.objection(meter, field);
  if (objection !== undefined) return objection;
  const sealed = { purpose: Purpose.parameters, control: FunctionCode.write, di, tag: 1 } as const;
  const inOrder = joined(...cut(field, sizes).map(reversed));
  if (!meter.esam.accepts({ ...sealed, data: inOrder }, mac, { day: meter.day, isLast: true })) return Err.unauthorised;
  return write(meter, order, field);
}

/** Length 1 (DI and field), DI 4, field highest byte first, padding. */
function byCipher(meter: VirtualMeter, order: Order): number | undefined {
  const { di, item, data } = order;
  const text = item.securedLevel === 98 ? openedField(meter, data, { isLast: true }) : undefined;
  if (text === undefined) return Err.unauthorised;
  const size = text[0]! - 4;
  if (size < 1 || 5 + size >= text.length || hex(text.slice(1, 5)) !== di) return Err.other;
  return write(meter, order, reversed(text.slice(5, 5 + size)));
}

function outcome({ data }: Frame, meter: VirtualMeter): number | undefined {
  if (data.length <= HEAD_BYTES) return Err.other;
  const di = dataItemOf(data);
  if (di === REFUND) return refund(data, meter);
  const item = writableOf(di);
  if (item === undefined) return meter.habits.unknownWrite === "no-data" ? Err.noData : Err.unauthorised;
  const order = { di, item, data };
  if (data[4] === 0x99) return byMac(meter, order);
  return data[4] === 0x98 ? byCipher(meter, order) : byPassword(meter, order);
}

export const writing: Behaviour = {
  name: "writing",
  hear(request, meter): Answer | undefined {
    if (request.control !== FunctionCode.write) return undefined;
    const err = outcome(request, meter);
    return err === undefined ? yes(request) : no(request, err);
  },
};
