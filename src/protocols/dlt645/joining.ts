/**
 * A long answer comes in parts: B1, then B2 … B2, then 92 (clauses 5.1 and 5.2 of the reference). The joiner says what to ask next and
 * joins what comes, since a value may be cut at the border of two frames.
 *
 *     11 ─► B1 ─► 12 SEQ 1 ─► B2 SEQ 1 ─► 12 SEQ 2 ─► … ─► 92 SEQ n ─► joined
 *
 * Nothing is sent or waited for here. A part that is missing, counted wrongly or not counted at all ends it: bytes with a hole in them
 * are no value.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import type { Frame } from "./frame.ts";
import { joined } from "./item.ts";
import { readReply } from "./replies.ts";
import type { Reply } from "./replies.ts";
import { readOn } from "./requests.ts";
import type { Profile } from "./requests.ts";
import { readRequest } from "./speaking.ts";

/** The sequence number is one byte. */
export const PARTS_MAX = 255;

export type Joined =
  /** Not all yet: ask this. */
  | { readonly is: "ask"; readonly request: Frame }
  | { readonly is: "joined"; readonly bytes: Uint8Array; readonly frames: number }
  /** Still waiting: somebody else's, or a part that came before. */
  | Extract<Reply, { is: "not-ours" }>
  /** The end, without a value. */
  | Extract<Reply, { is: "refused" | "no-data" | "malformed" }>;

interface Question {
  readonly address: string;
  readonly di: string;
  readonly profile: Profile | undefined;
}

export class PartsJoiner {
  readonly #question: Question;
  readonly #choices: Choices;
  readonly #parts: Uint8Array[] = [];
  #asked: Frame;
  #ended = false;

  /** `first`: the read whose answer may be long. */
  constructor(first: Frame, choices: Choices = STANDARD) {
    this.#asked = first;
    this.#choices = choices;
    this.#question = questionOf(first, choices);
  }

  /** What the next reply answers. */
  get asked(): Frame {
    return this.#asked;
  }

  take(reply: Frame): Joined {
    return this.heard(readReply(this.#asked, reply, this.#choices));
  }

  /** The same, where somebody has read the reply to `asked` already. */
  heard(heard: Reply): Joined {
    if (this.#ended) return { is: "not-ours", why: "the answer was complete" };
    switch (heard.is) {
      case "not-ours":
        return heard;
      case "more":
        return this.#goOn(heard.bytes);
      case "value":
        this.#ended = true;
        return { is: "joined", bytes: joined([...this.#parts, heard.bytes]), frames: this.#parts.length + 1 };
      case "no-data":
        // Nothing at all is no data; nothing where the rest was promised is a hole.
        return this.#end(this.#parts.length === 0 ? heard : malformed("the rest was promised and nothing came"));
      case "refused":
      case "malformed":
        return this.#end(heard);
      case "acknowledged":
        return this.#end(malformed("acknowledged where a value was asked for"));
    }
  }

  #goOn(bytes: Uint8Array): Joined {
    if (bytes.length === 0) return this.#end(malformed("an empty part that promises more"));
    this.#parts.push(bytes);
    const sequence = this.#parts.length;
    if (sequence > PARTS_MAX) return this.#end(malformed(`more than ${PARTS_MAX} parts`));
    const { address, di, profile } = this.#question;
    this.#asked = readOn(address, di, sequence, profile, this.#choices);
    return { is: "ask", request: this.#asked };
  }

  #end<R extends Joined>(how: R): R {
    this.#ended = true;
    return how;
  }
}

const malformed = (why: string) => ({ is: "malformed", why }) as const;

function questionOf(first: Frame, choices: Choices): Question {
  const asked = readRequest(first, choices);
  switch (asked.is) {
    case "read":
    case "read-1997":
      return { address: asked.address, di: asked.di, profile: undefined };
    case "read-profile":
      return { address: asked.address, di: asked.di, profile: { blocks: asked.blocks } };
    case "read-profile-from":
      return { address: asked.address, di: asked.di, profile: { blocks: asked.blocks, from: asked.from } };
    default:
      throw new Error(`${asked.is} is not answered in parts`);
  }
}
