/**
 * What bytes are that no frame could be read from: the beginning of one, one whose checksum does not fit, or nothing of the kind.
 * A guess, and told as one: noise may look like a frame.
 */
export type Broken = "wrong-checksum" | "torn" | "noise";

const HEAD_BYTES = 10;

export function whatIsBroken(bytes: Uint8Array): Broken {
  const starts = Array.from(bytes.keys()).filter((at) => bytes[at] === 0x68 && bytes[at + 7] === 0x68);
  let isTorn = false;
  for (const start of starts) {
    const length = bytes[start + 9];
    const end = start + HEAD_BYTES + (length ?? 0) + 1;
    if (length !== undefined && bytes[end] === 0x16) return "wrong-checksum";
    isTorn ||= length === undefined || end >= bytes.length;
  }
  return isTorn ? "torn" : "noise";
}
