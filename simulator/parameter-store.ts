/** What was written into the parameters of one meter, as it travels; what never was has its first value. */
import { Err } from "./behaviours/behaviour.ts";
import { bcdDigits, hex, joined } from "./bytes.ts";
import { parameterOf } from "./parameters.ts";
import type { Keeps } from "./state/keeping.ts";

/** The values of a field, as they travel one after another. */
export function cut(field: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  let at = 0;
  return sizes.map((size) => field.slice(at, (at += size)));
}

/** A part of the meter that lives by some of these values and has them itself; fields as they travel, checked before. */
export interface Keeper {
  /** Undefined: not kept there. */
  value(di: string): Uint8Array | undefined;
  /** False: not kept there, so it is kept here. */
  put(di: string, field: Uint8Array): boolean;
  /** Known there and not to be changed: it follows from something else. */
  isFixed(di: string): boolean;
}

export class ParameterStore {
  #written: Map<string, Uint8Array> | undefined;
  #keeper: Keeper | undefined;

  /** Undefined: the meter keeps no such parameter. */
  value(di: string): Uint8Array | undefined {
    return this.#keeper?.value(di) ?? this.#written?.get(di) ?? parameterOf(di)?.initial;
  }

  /** Its digits, highest first; "" where it is no number. */
  digits(di: string): string {
    return bcdDigits(this.value(di) ?? new Uint8Array(0)) ?? "";
  }

  /** ERR bits, or undefined when it may be written. */
  objection(di: string, field: Uint8Array): number | undefined {
    const parameter = parameterOf(di);
    if (parameter === undefined) return Err.unauthorised;
    const sizes = parameter.layout(field.length);
    if (sizes === undefined) return field.length > parameter.initial.length ? parameter.tooMany : Err.other;
    const isOther = this.#keeper?.isFixed(di) === true && hex(field) !== hex(this.value(di) ?? field);
    return parameter.check(cut(field, sizes), Number(this.digits("04000204"))) ?? (isOther ? Err.other : undefined);
  }

  /** Kept without a question; entries left out repeat the last. */
  set(di: string, field: Uint8Array): void {
    const { layout, fillTo } = parameterOf(di) ?? { layout: () => undefined, fillTo: 0 };
    const last = field.slice(-(layout(field.length)?.at(-1) ?? field.length));
    let whole = field;
    while (whole.length < fillTo) whole = joined(whole, last);
    if (this.#keeper?.put(di, whole) !== true) (this.#written ??= new Map()).set(di, whole);
  }

  get keeps(): Keeps {
    return {
      keptAs: "parameters",
      save: () => ({ written: this.#written }),
      load: ({ written }: { written: Map<string, Uint8Array> | undefined }) => void (this.#written = written),
    };
  }

  /** From now on what the keeper knows is read there and put there. */
  keepIn(keeper: Keeper): void {
    this.#keeper = keeper;
  }
}
