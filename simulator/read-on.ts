/**
 * 12H: where a long answer goes on. A meter keeps one position per port, and a meter of this street has one port: every 11H
 * begins anew, whoever asked before.
 *
 *     91 DI value                 fits in one frame
 *     B1 DI part · B2 DI part 1 · B2 DI part 2 · 92 DI part 3      each asked for by its number, answered with it as last byte
 *
 * Values are not torn where the answer says how long they are. A number that was just answered is answered again, for a master
 * that lost the reply; any other number out of turn is ERR 02.
 */
import { joined } from "./bytes.ts";
import type { Answer } from "./behaviours/behaviour.ts";
import { Err } from "./behaviours/behaviour.ts";
import type { Keeps } from "./state/keeping.ts";
import type { Frame } from "./wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "./wire.ts";

const DI_BYTES = 4;
const MORE_FOLLOWS = 0x20;
/** The number has one byte. */
const SEQ_MAX = 255;
/** DI and number; one firmware repeats the block count, or count and time, in between. */
const REQUEST_BYTES: readonly number[] = [5, 6, 11];

export class ReadPosition {
  readonly #max: number;
  #di = "";
  #frames: readonly Uint8Array[] = [];
  #answered = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Every answer of the meter passes here; an answer to 11H that is too long becomes the first of several. */
  passed(request: Frame, answer: Answer): Answer {
    if (request.control !== FunctionCode.read) return answer;
    this.#frames = [];
    if (answer === "silent" || answer.control !== (FunctionCode.read | 0x80) || answer.data.length <= this.#max) return answer;
    const value = answer.data.slice(DI_BYTES);
    const [first, ...rest] = packed(answer.values ?? [value], [this.#max - DI_BYTES, this.#max - DI_BYTES - 1]);
    this.#di = dataItemOf(answer.data);
    this.#frames = rest.slice(0, SEQ_MAX);
    this.#answered = 0;
    return { control: answer.control | MORE_FOLLOWS, data: joined(answer.data.slice(0, DI_BYTES), first!) };
  }

  get keeps(): Keeps {
    return {
      keptAs: "readOn",
      save: () => ({ di: this.#di, frames: this.#frames, answered: this.#answered }),
      load: (own: { di: string; frames: readonly Uint8Array[]; answered: number }) => {
        [this.#di, this.#frames, this.#answered] = [own.di, own.frames, own.answered];
      },
    };
  }

  next(request: Frame): Answer {
    const { data } = request;
    if (!REQUEST_BYTES.includes(data.length)) return no(request, Err.other);
    const number = data[data.length - 1]!;
    const part = this.#frames[number - 1];
    const inTurn = number === this.#answered || number === this.#answered + 1;
    if (part === undefined || !inTurn || dataItemOf(data) !== this.#di) return no(request, Err.noData);
    this.#answered = number;
    const answer = yes(request, joined(dataItemBytes(this.#di), part, Uint8Array.of(number)));
    return number < this.#frames.length ? { ...answer, control: answer.control | MORE_FOLLOWS } : answer;
  }
}

/** Values put into frames in order, as many as fit; only one that fits in no frame is torn. */
function packed(values: readonly Uint8Array[], [firstRoom, room]: readonly [number, number]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let left = firstRoom;
  const close = (): void => {
    frames.push(joined(...parts));
    [parts, left] = [[], room];
  };
  for (let value of values) {
    if (value.length > left && value.length <= room) close();
    while (value.length > left) {
      parts.push(value.slice(0, left));
      value = value.slice(left);
      close();
    }
    parts.push(value);
    left -= value.length;
  }
  close();
  return frames;
}
