#!/usr/bin/env node
/**
 * The entry of `meterctl`. It is JavaScript, so that any Node can read it and say which Node the rest needs: TypeScript is run by
 * Node itself, from 22.18 on. When this one is older and the project brought a newer one, that one is used.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const NEEDED = "22.18";
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [neededMajor = 0, neededMinor = 0] = NEEDED.split(".").map(Number);
const isNewEnough = major > neededMajor || (major === neededMajor && minor >= neededMinor);

// What was compiled once is kept beside the packages, where nobody can put code who could not change ours: a person waits a third as long.
module.enableCompileCache?.(fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url)));

if (isNewEnough) {
  const { main } = await import("./meterctl.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  const own = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
  if (existsSync(own)) {
    const { status } = spawnSync(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
    process.exitCode = status ?? 1;
  } else {
    process.stderr.write(
      `meterctl needs Node ${NEEDED} or newer; this is ${process.versions.node}. Run "npm ci" to bring one along, or install a newer Node.\n`,
    );
    process.exitCode = 2;
  }
}
