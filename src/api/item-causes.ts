/**
 * Why an item waits for a person, in words: the same code means one thing of a command and another of a work order, so it is told by the
 * table of the room that raised the item. Null: it is about a command or a reading, whose codes pages name themselves.
 */
import type { ExceptionKind } from "../exceptions/kinds.ts";
import { becauseOf } from "../notices/kinds.ts";
import { haltWordsOf } from "../policy/words.ts";
import { causes } from "../recovery/causes.ts";
import { reasons } from "../recovery/reasons.ts";

interface Words {
  readonly en: string;
  readonly zh: string;
}

const titlesOf =
  (table: Readonly<Record<string, { readonly title: Words }>>) =>
  (code: string): Words | null =>
    table[code]?.title ?? null;

const tables: Readonly<Partial<Record<ExceptionKind, (code: string) => Words | null>>> = {
  "false-cut": titlesOf(causes),
  "follow-up-due": titlesOf(causes),
  "restore-failed": titlesOf(reasons),
  "notice-undelivered": becauseOf,
  "cuts-stopped": haltWordsOf,
  "cuts-braked": haltWordsOf,
  "cut-batch": haltWordsOf,
};

export const causeWords = (kind: ExceptionKind, because: string): Words | null => tables[kind]?.(because) ?? null;
