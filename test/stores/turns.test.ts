/** Places in the order of coming, and nobody waits for ever: so no crowd of transactions takes every connection there is. */
import { expect, test } from "vitest";
import { Instant } from "../../src/kernel/clock.ts";
import { inHaste } from "../../src/kernel/haste.ts";
import { Turns } from "../../src/stores/turns.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

test("whoever comes when all places are taken has the next one that is given back, in the order of coming", async () => {
  const turns = new Turns(2, new VirtualClock(Instant(0)));
  const [first, second] = [await turns.take(1_000), await turns.take(1_000)];
  const came: string[] = [];
  const third = turns.take(1_000).then((place) => (came.push("third"), place));
  const fourth = turns.take(1_000).then((place) => (came.push("fourth"), place));
  first!();
  first!(); // giving back twice gives one place
  const place = await third;
  expect(came).toEqual(["third"]);
  second!();
  place!();
  await fourth;
  expect(came).toEqual(["third", "fourth"]);
});

test("a place that does not come in time is not taken later either", async () => {
  const clock = new VirtualClock(Instant(0));
  const turns = new Turns(1, clock);
  const first = await turns.take(1_000);
  const late = turns.take(1_000);
  await clock.pass(1_001);
  expect(await late).toBeNull();
  first!();
  expect(await turns.take(0)).not.toBeNull();
});

test("haste goes before whoever came earlier, and every third place is theirs all the same", async () => {
  const turns = new Turns(1, new VirtualClock(Instant(0)));
  const first = await turns.take(1_000);
  const came: string[] = [];
  const comes = async (name: string): Promise<void> => {
    const place = await turns.take(1_000);
    came.push(name);
    place!();
  };
  const all = [comes("cut 1"), comes("cut 2"), ...[1, 2, 3, 4, 5].map((n) => inHaste(() => comes(`restore ${n}`)))];
  first!();
  await Promise.all(all);
  expect(came).toEqual(["restore 1", "restore 2", "cut 1", "restore 3", "restore 4", "cut 2", "restore 5"]);
});
