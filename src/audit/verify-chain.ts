/**
 * Walks the chain from its first link and names everything that is not as it was written: pure, one link at a time, so that a year of
 * rows needs no more memory than a day.
 *
 * After a break it goes on from what the link itself says, so that one edit is one finding and not a thousand. A chain that was
 * written anew from some place on is sound in itself; only a head that was noted elsewhere tells.
 */
import { beginning, hashOf, type Head, type Link, type NotedHead } from "./audit-row.ts";

export type FindingKind =
  | "edited"
  | "deleted"
  | "missing"
  | "reordered"
  | "rewritten"
  | "tail-cut"
  | "heads-disordered"
  | "never-sealed"
  | "unaudited"
  | "differs"
  | "gone"
  | "books"
  | "incomplete";

export interface Finding {
  readonly kind: FindingKind;
  /** Where: a place in the chain, or the thing that is concerned. */
  readonly sequence: number | null;
  readonly subject: string | null;
  readonly say: string;
}

export interface ChainReport {
  readonly links: number;
  readonly head: Head;
  readonly headsCompared: number;
}

const finding = (kind: FindingKind, sequence: number, subject: string | null, say: string): Finding => ({
  kind,
  sequence,
  subject,
  say,
});

export class ChainWalk {
  readonly #found: (finding: Finding) => void;
  readonly #heads: AsyncIterator<NotedHead> | null;
  #next: NotedHead | null = null;
  #lastNoted = 0;
  #lastGood = 0;
  #rewritten = false;
  #head: Head = beginning;
  #links = 0;
  #compared = 0;

  constructor(found: (finding: Finding) => void, heads: AsyncIterable<NotedHead> | null) {
    this.#found = found;
    this.#heads = heads?.[Symbol.asyncIterator]() ?? null;
  }

  /** Links come in the order of their sequence. */
  async take(link: Link): Promise<void> {
    if (this.#links === 0) await this.#advance();
    this.#links += 1;
    const { sequence, row, previous } = link;
    const due = this.#head.sequence + 1;
    const isNext = sequence === due;
    if (sequence > due)
      this.#say(
        "missing",
        due,
        null,
        sequence - 1 === due ? `link ${due} is missing` : `links ${due} to ${sequence - 1} are missing`,
      );
    else if (!isNext) this.#say("reordered", sequence, null, `link ${sequence} stands behind link ${this.#head.sequence}`);
    const joins = !isNext || previous === this.#head.hash;
    const subject = row?.subject ?? null;
    if (row === null) this.#say("deleted", sequence, null, `link ${sequence}: its row ${link.id} was deleted`);
    else if (hashOf(previous, sequence, row) !== link.hash) {
      const what = `row ${row.id} (${row.what} of ${row.subject}, ${row.at})`;
      if (joins)
        this.#say(
          "edited",
          sequence,
          subject,
          `link ${sequence}: ${what} is not what was sealed: it was edited, or stands in another's place`,
        );
      else this.#say("reordered", sequence, subject, `link ${sequence}: ${what} stands out of its order, or was edited`);
    } else if (!joins) this.#say("reordered", sequence, subject, `link ${sequence} does not join link ${sequence - 1}`);
    this.#head = { sequence, hash: link.hash };
    await this.#compare();
  }

  async end(): Promise<ChainReport> {
    if (this.#links === 0) await this.#advance();
    // heads of links that are missing in the middle were passed over; what is left speaks of links behind the end
    const after = this.#head.sequence;
    let last: NotedHead | null = null;
    while (this.#next !== null) {
      if (this.#next.sequence > after) last = this.#next;
      await this.#advance();
    }
    if (last !== null)
      this.#say(
        "tail-cut",
        after + 1,
        null,
        `the chain ends at link ${after}, but link ${last.sequence} was noted on ${last.at}: links ${after + 1} to ${last.sequence} and what came later were cut off`,
      );
    return { links: this.#links, head: this.#head, headsCompared: this.#compared };
  }

  async #compare(): Promise<void> {
    while (this.#next !== null && this.#next.sequence <= this.#head.sequence) {
      const noted = this.#next;
      if (noted.sequence === this.#head.sequence) {
        this.#compared += 1;
        if (noted.hash === this.#head.hash) this.#lastGood = noted.sequence;
        else if (!this.#rewritten) {
          this.#rewritten = true;
          this.#say(
            "rewritten",
            noted.sequence,
            null,
            `link ${noted.sequence} is not the one that was noted on ${noted.at}: the chain was written anew somewhere in links ${this.#lastGood + 1} to ${noted.sequence}`,
          );
        }
      }
      await this.#advance();
    }
  }

  async #advance(): Promise<void> {
    const next = await this.#heads?.next();
    this.#next = next === undefined || next.done === true ? null : next.value;
    if (this.#next === null) return;
    if (this.#next.sequence < this.#lastNoted)
      this.#say(
        "heads-disordered",
        this.#next.sequence,
        null,
        `the heads file goes back from link ${this.#lastNoted} to ${this.#next.sequence}: it was changed`,
      );
    this.#lastNoted = this.#next.sequence;
  }

  #say(kind: FindingKind, sequence: number, subject: string | null, say: string): void {
    this.#found(finding(kind, sequence, subject, say));
  }
}
