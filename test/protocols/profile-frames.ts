/**
 * Reads `test/golden/profiles.frames.txt`: direction, model and key, what is promised, two spaces and a bar, bytes. Beside values a
 * request promises the verdict of the last look: `permit = yes`, `money` or `no`.
 */
import { readFileSync } from "node:fs";
import { profileOf } from "../../src/protocols/dlt645/profiles/index.ts";
import type { ModelProfile } from "../../src/protocols/dlt645/profiles/index.ts";
import { bytesOfHex, decodeFrame } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";

export interface ProfileFrame {
  readonly key: string;
  readonly profile: ModelProfile;
  readonly direction: "request" | "response";
  readonly promised: Readonly<Record<string, string>>;
  readonly frame: Frame;
}

export function profileFrames(): ProfileFrame[] {
  return readFileSync("test/golden/profiles.frames.txt", "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const match = /^([→←]) (([\w-]+)\/[^:|]+?)(?:: (.*?))?\s+\|\s+([0-9A-F ]+)$/.exec(line);
      if (match === null) throw new Error(`not a golden line: ${line}`);
      const profile = profileOf(match[3]!);
      if (profile === undefined) throw new Error(`no such model: ${match[3]!}`);
      const decoded = decodeFrame(bytesOfHex(match[5]!));
      if ("fault" in decoded) throw new Error(`${match[2]!}: ${decoded.fault}`);
      return {
        key: match[2]!,
        profile,
        direction: match[1] === "→" ? "request" : "response",
        promised: Object.fromEntries((match[4] ?? "").split("; ").map((one) => one.split(" = ") as [string, string])),
        frame: decoded.frame,
      };
    });
}

export function profileFrame(key: string): ProfileFrame {
  const found = profileFrames().find((frame) => frame.key === key);
  if (found === undefined) throw new Error(`no golden frame ${key}`);
  return found;
}
