/**
 * A few storms on every run; thousands with `npm run storm`. What is looked at is told in README.md.
 *
 * The planted mistakes keep the storms honest: each has to be found within so many of them, by the invariant that is about it.
 */
import { expect, test } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import type { PlantName } from "./plants.ts";
import { storyOf } from "./story-of.ts";
import { runStorm, type StormPlan } from "./storm.ts";
import { written } from "./trace.ts";

const full = { days: 1, meters: 20, faults: 60, plant: "nothing" } as const satisfies Omit<StormPlan, "seed">;
const small = { ...full, meters: 6, faults: 50 };
const FIXED_SEEDS = [1, 2, 3, 4, 5];
const STORMS_TO_FIND_MAX = 4;
const LIMIT_MS = 120_000;

/** Nothing broken; else the story of what broke is told. */
async function expectCalm(plan: StormPlan): Promise<void> {
  const { violations, struck, orders } = await runStorm(plan);
  if (violations.length > 0) {
    const story = storyOf(await runStorm(plan, "all"))
      .map(written)
      .slice(-80)
      .join("\n");
    expect.fail(`seed ${plan.seed}: ${violations[0]!.invariant}, ${violations[0]!.of}: ${violations[0]!.text}\n${story}`);
  }
  expect(struck).toBeGreaterThanOrEqual(50); // and it was a storm
  expect(orders).toBeGreaterThan(0);
}

test.each(FIXED_SEEDS)("a day of storm on twenty meters leaves nothing broken: seed %i", { timeout: LIMIT_MS }, (seed) =>
  expectCalm({ ...full, seed }),
);

const anySeed = Math.floor(systemChance.next() * 1_000_000_000);
test(`nor does one of a seed that nobody has chosen: npm run storm -- --seed ${anySeed}`, { timeout: LIMIT_MS }, async () => {
  console.log(`a storm of seed ${anySeed}`);
  await expectCalm({ ...full, seed: anySeed });
});

test(
  "the same seed is the same storm byte for byte, told or not, and another seed is another",
  { timeout: LIMIT_MS },
  async () => {
    const once = await runStorm({ ...small, seed: 11 });
    const again = await runStorm({ ...small, seed: 11 }, "all");
    const other = await runStorm({ ...small, seed: 12 });
    expect(again.digest).toBe(once.digest);
    expect(again.turns).toBe(once.turns);
    expect(other.digest).not.toBe(once.digest);
  },
);

const found: readonly { plant: PlantName; by: string }[] = [
  { plant: "send-again-on-silence", by: "one frame for each attempt" },
  { plant: "forget-the-fence", by: "whoever speaks on a line holds it" },
  { plant: "trust-the-acknowledgement", by: "what is confirmed was obeyed, what is given back was not" },
  { plant: "forget-the-weather", by: "the rules cut nobody who may not be cut" },
];

test.each(found)("a planted mistake is found within four storms: $plant", { timeout: LIMIT_MS }, async ({ plant, by }) => {
  for (let seed = 1; seed <= STORMS_TO_FIND_MAX; seed += 1) {
    const { violations } = await runStorm({ ...full, plant, seed });
    if (violations.length === 0) continue;
    expect(violations.map(({ invariant }) => invariant)).toContain(by);
    return;
  }
  expect.fail(`${plant} went unnoticed in ${STORMS_TO_FIND_MAX} storms`);
});
