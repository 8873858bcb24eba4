/**
 * Rows of whole numbers, the newest so many of them, packed: a meter keeps some four hundred frozen rows, most of their numbers
 * are small or zero, and a street has many meters. A number takes a byte for every seven of its bits, sign and "there is none"
 * included; a row stands behind its length, so that the way to an old one is a few hundred steps.
 */
type Cell = number | undefined;

const LENGTH_BYTES = 2;
const NOTHING = new Uint8Array(0);
/** A row is written here first: only then its length is known. Longer than any; a byte beyond it would be lost and found by the tests. */
const draft = new Uint8Array(4_096);

export interface TapeState {
  readonly count: number;
  readonly bytes: Uint8Array;
}

export class Tape {
  readonly #max: number;
  #bytes = NOTHING;
  /** Where the oldest row begins, and where the next one will. */
  #from = 0;
  #to = 0;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#count;
  }

  push(row: readonly Cell[]): void {
    let size = 0;
    for (const cell of row) size = write(draft, size, coded(cell));
    if (this.#count === this.#max) {
      this.#from += LENGTH_BYTES + this.#lengthAt(this.#from);
      this.#count -= 1;
    }
    this.#makeRoom(LENGTH_BYTES + size);
    this.#bytes[this.#to] = size & 0xff;
    this.#bytes[this.#to + 1] = size >> 8;
    for (let i = 0, at = this.#to + LENGTH_BYTES; i < size; i += 1, at += 1) this.#bytes[at] = draft[i]!;
    this.#to += LENGTH_BYTES + size;
    this.#count += 1;
  }

  /** The age-th newest, 1 the last. */
  row(age: number): Cell[] | undefined {
    if (age < 1 || age > this.#count) return undefined;
    let at = this.#from;
    for (let i = this.#count; i > age; i -= 1) at += LENGTH_BYTES + this.#lengthAt(at);
    const end = at + LENGTH_BYTES + this.#lengthAt(at);
    const row: Cell[] = [];
    for (at += LENGTH_BYTES; at < end;) {
      let [code, factor] = [0, 1];
      for (let more = true; more; at += 1) {
        const byte = this.#bytes[at]!;
        code += (byte & 0x7f) * factor;
        factor *= 0x80;
        more = byte >= 0x80;
      }
      row.push(decoded(code));
    }
    return row;
  }

  /** Packed as it is; room that nothing needs is given back. */
  save(): TapeState {
    this.#bytes = this.#bytes.slice(this.#from, this.#to);
    [this.#from, this.#to] = [0, this.#bytes.length];
    return { count: this.#count, bytes: this.#bytes };
  }

  load({ count, bytes }: TapeState): void {
    [this.#bytes, this.#from, this.#to, this.#count] = [bytes.slice(), 0, bytes.length, count];
  }

  clear(): void {
    this.#bytes = NOTHING;
    this.#from = this.#to = this.#count = 0;
  }

  #lengthAt(at: number): number {
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  /** What was dropped at the front is used again before anything grows, and it grows by a quarter. */
  #makeRoom(size: number): void {
    if (this.#to + size <= this.#bytes.length) return;
    const used = this.#to - this.#from;
    const needed = used + size;
    // At least an eighth of it free afterwards, or every row would move all the others.
    const bytes = needed * 1.125 > this.#bytes.length ? new Uint8Array(Math.ceil(needed * 1.25)) : this.#bytes;
    if (bytes === this.#bytes) bytes.copyWithin(0, this.#from, this.#to);
    else bytes.set(this.#bytes.subarray(this.#from, this.#to));
    this.#bytes = bytes;
    this.#from = 0;
    this.#to = used;
  }
}

/** A list as a part of a row, behind its length; and lists out of a row, one after the other. */
export const listed = (cells: readonly Cell[]): Cell[] => [cells.length, ...cells];
export function listsIn(row: readonly Cell[], from: number): () => Cell[] {
  let at = from;
  return () => {
    const begin = at + 1;
    at = begin + (row[at] ?? 0);
    return row.slice(begin, at);
  };
}

/** 0 is none; then 0, −1, 1, −2 … */
const coded = (cell: Cell): number => (cell === undefined ? 0 : cell >= 0 ? 2 * cell + 1 : -2 * cell);
const decoded = (code: number): Cell => (code === 0 ? undefined : code % 2 === 1 ? (code - 1) / 2 : -code / 2);

function write(bytes: Uint8Array, from: number, code: number): number {
  let at = from;
  let rest = code;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80), at += 1) bytes[at] = (rest % 0x80) | 0x80;
  bytes[at] = rest;
  return at + 1;
}
