/**
 * Reads `test/golden/profiles.frames.txt`: direction, model and key, what is promised, two spaces and a bar, bytes. Beside values a
 * request promises the verdict of the last look: `permit = yes`, `money` or `no`.
 */
import { readFileSync } from "node:fs";
import { Fen } from "../../src/kernel/money.ts";
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

/** The promised words as values: amounts in fen, counts as numbers, ciphers and MACs as bytes, numbers of customers as digits. */
export function promisedValues(key: string): Readonly<Record<string, unknown>> {
  const { permit: _verdict, ...promised } = profileFrame(key).promised;
  return Object.fromEntries(Object.entries(promised).map(([name, text]) => [name, valueOf(name, text)]));
}
function valueOf(name: string, text: string): unknown {
  if (name === "amount") return Fen(BigInt(text.replace(".", "")));
  if (name === "purchaseCount") return Number(text);
  return /^(?:mac1|mac2|sealed|key)$/.test(name) ? bytesOfHex(text) : text;
}
