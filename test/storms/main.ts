import { runStorm } from "./storm.ts";
import { written } from "./trace.ts";
const [seed, n, all] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 1), process.argv[4]];
for (let s = seed; s < seed + n; s += 1) {
  const t = performance.now();
  const r = await runStorm({ seed: s, days: 1, meters: 20, faults: 60, plant: "nothing" }, all ? "all" : "digest");
  console.log(s, r.digest.slice(0, 8), Math.round(performance.now() - t), "ms", r.turns, "turns", r.trace.count, "lines", r.struck, "struck", r.orders, "orders", JSON.stringify(r.commands));
  for (const v of r.violations) console.log("   ", new Date(v.at).toISOString(), v.invariant, "|", v.of, "|", v.text);
  if (all) for (const l of r.trace.lines) console.log(written(l));
}
