/** Builds the console into a folder of the test's own, by the command that people use. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const script = join(import.meta.dirname, "..", "..", "src", "console", "build.ts");

export function buildConsole(folder: string): { readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the console does not build: ${stderr}`);
  return { stdout, stderr };
}
