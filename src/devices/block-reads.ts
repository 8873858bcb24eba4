/**
 * Which questions bring a list of wanted items. Where the profile says that a model answers a block, and two or more of the wanted
 * items lie in it, one exchange brings them all: on a slow line the head of a frame, the meter's thinking and the rest between two
 * exchanges cost more than a few bytes that nobody asked for.
 *
 * Pure: the session asks these questions, and the poll plan counts their bytes.
 */
import { itemOf, type Item } from "../protocols/dlt645/index.ts";

export interface Question {
  readonly di: string;
  /** Null: as long as the meter makes it. */
  readonly valueBytes: number | null;
  /** What it was asked for; more than one only where `di` is a block. */
  readonly brings: readonly Item[];
}

/** Total and four tariffs: what the energy block of a meter for homes and shops holds. */
export const USUAL_TURNS = 5;
/** Below this a block only brings more bytes. */
const WORTH_A_BLOCK = 2;

export function questionsFor(wanted: readonly Item[], blocks: readonly string[]): readonly Question[] {
  const questions: Question[] = [];
  const served = new Set<Item>();
  for (const item of wanted) {
    if (served.has(item)) continue;
    const block = blocks.find((di) => lieIn(di, wanted, served, item).length >= WORTH_A_BLOCK);
    const brings = block === undefined ? [item] : lieIn(block, wanted, served, item);
    for (const each of brings) served.add(each);
    const of = block === undefined ? item : itemOf(block)!;
    questions.push({ di: of.di, valueBytes: of.shape.bytes, brings });
  }
  return questions;
}

/** None where `item` itself does not lie in it. */
function lieIn(block: string, wanted: readonly Item[], served: ReadonlySet<Item>, item: Item): readonly Item[] {
  const names = namesIn(block);
  const lies = (each: Item): boolean => isUnder(block, each.di) && names.has(each.name);
  // What is wanted twice is still one item: it is wanted for how it changes, and is asked for each time.
  return lies(item) ? [...new Set(wanted)].filter((each) => !served.has(each) && lies(each)) : [];
}

/** FF stands for any place; a block inside a block is asked for by itself. */
const isUnder = (block: string, di: string): boolean =>
  block !== di &&
  [0, 2, 4, 6].every((at) => block.slice(at, at + 2) === di.slice(at, at + 2) || block.slice(at, at + 2) === "FF");

const known = new Map<string, ReadonlySet<string>>();

/** What stands in a block under which name; a member that is called otherwise than its item is not taken for it. */
function namesIn(block: string): ReadonlySet<string> {
  let names = known.get(block);
  if (names === undefined) {
    const item = itemOf(block);
    const members = item?.shape.members(new Uint8Array(usualBytes(item))) ?? [];
    known.set(block, (names = new Set(members.map(({ name }) => name))));
  }
  return names;
}

/** How long the data of an item usually are, where its shape leaves it to the meter. */
export const usualBytes = (item: Pick<Item, "shape">): number =>
  item.shape.bytes ?? USUAL_TURNS * item.shape.fields.reduce((sum, { format }) => sum + format.bytes, 0);
