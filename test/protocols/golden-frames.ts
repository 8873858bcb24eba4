/**
 * Reads the golden files. A line is: direction, key and meaning, two spaces and a bar, bytes. The meaning may promise
 * values, "name = value unit; …", which are compared letter by letter.
 */
import { readFileSync } from "node:fs";
import { bytesOfHex } from "../../src/protocols/dlt645/frame.ts";

export interface GoldenFrame {
  readonly key: string;
  readonly direction: "request" | "response";
  readonly promised: readonly string[];
  readonly bytes: Uint8Array;
}

const FILES = ["worked-2007", "security", "fee-control", "edge-cases", "functions"] as const;

export function goldenFrames(): GoldenFrame[] {
  return FILES.flatMap((file) =>
    readFileSync(`test/golden/${file}.frames.txt`, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const match = /^([→←]) ([^:|]+?)(?:: (.*?))?\s+\|\s+([0-9A-F ]+)$/.exec(line);
        if (match === null) throw new Error(`not a golden line: ${line}`);
        return {
          key: match[2]!,
          direction: match[1] === "→" ? ("request" as const) : ("response" as const),
          promised: match[3]?.split("; ") ?? [],
          bytes: bytesOfHex(match[4]!),
        };
      }),
  );
}

export function goldenFrame(key: string): Uint8Array {
  const found = goldenFrames().find((frame) => frame.key === key);
  if (found === undefined) throw new Error(`no golden frame ${key}`);
  return found.bytes;
}
