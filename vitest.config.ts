import { defineConfig } from "vitest/config";
import LongestFirst from "./test/support/longest-first.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "./test/support/closing-line.ts"],
    // These limits are for what hangs, on a machine that does ten other things as well. What has to be quick says so in its test.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    // All cores: left alone, vitest keeps one of them free, which on two leaves no two files side by side.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
  },
});
