/** 18H: a new password, proved by the old one or by one of a higher level. The reply repeats it; every refusal is ERR 04. */
import { bcdDigits, hex } from "../bytes.ts";
import { NOBODY } from "../records.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import { passwordAllows } from "./access.ts";
import type { Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";
import { programmed } from "./programming.ts";

/** DI 4, PA and password 4, new PA and password 4. */
const REQUEST_BYTES = 12;

/** 04000C01 is level 00, 04000C0A level 09. */
const levelOf = (di: string): string | undefined =>
  /^04000C0[1-9A]$/.test(di) ? `0${Number.parseInt(di.slice(7), 16) - 1}` : undefined;

function change(data: Uint8Array, meter: VirtualMeter): boolean {
  const di = dataItemOf(data);
  const level = data.length === REQUEST_BYTES ? levelOf(di) : undefined;
  const password = bcdDigits(data.slice(9, 12));
  if (level === undefined || meter.passwords[level] === undefined || password === undefined) return false;
  if (hex(data.slice(8, 9)) !== level || !passwordAllows(meter, data.slice(4, 8), level)) return false;
  programmed(meter, di, NOBODY, () => (meter.passwords = { ...meter.passwords, [level]: password }));
  return true;
}

export const passwords: Behaviour = {
  name: "passwords",
  hear(request, meter) {
    if (request.control !== FunctionCode.changePassword) return undefined;
    return change(request.data, meter) ? yes(request, request.data.slice(8, 12)) : no(request, Err.unauthorised);
  },
};
