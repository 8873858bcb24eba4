/**
 * How bytes nobody can read were made, judged by their shape (`byte-shape.ts`): a slower talker leaves bits in pairs, a faster one few
 * bytes and no mark of a frame, a wrong parity the beginning of a frame that then comes apart, two talkers at once a frame of the right
 * length with everything wrong in it, and wires that touch nothing but zeros.
 */
import { together, type ByteShape } from "./byte-shape.ts";
import type { Heard } from "./wire-probe.ts";

/** Fewer bytes than these tell nothing about how they were made. */
const TELLING_BYTES_MIN = 5;
const STRETCHED_SHARE = 0.8;
const SHORTED_SHARE = 0.95;
/** The shortest answer is longer. */
const FEW_BYTES = 15;

export type Garble = "shorted" | "slower-talker" | "faster-talker" | "wrong-parity" | "unreadable";

/** What nobody can read has the shape of frames all the same: then it is worth asking them one by one. */
export const looksLikeSeveral = (heard: readonly Heard[]): boolean => garbleOf(heard)?.is === "unreadable";

/** What bytes look like when not one frame among them could be read. */
export function garbleOf(heard: readonly Heard[]): { readonly is: Garble; readonly shape: ByteShape } | undefined {
  const noise = heard.flatMap((one) => one.noise);
  const shape = together(noise.map((one) => one.shape));
  if (heard.some(({ replies, strangers }) => replies.length + strangers.length > 0) || shape.length < TELLING_BYTES_MIN)
    return undefined;
  return { is: kindOf(shape, heard, noise), shape };
}

function kindOf(shape: ByteShape, heard: readonly Heard[], noise: Heard["noise"]): Garble {
  if (shape.zeros >= shape.length * SHORTED_SHARE) return "shorted";
  if (shape.stretched >= shape.length * STRETCHED_SHARE) return "slower-talker";
  const framed = noise.filter(({ looks }) => looks !== "stray bytes").length;
  if (framed * 2 > noise.length) return "unreadable";
  const bursts = Math.max(1, heard.filter((one) => one.noise.length > 0).length);
  if (shape.starts >= bursts && shape.length / bursts >= FEW_BYTES) return "wrong-parity";
  return shape.length / bursts < FEW_BYTES ? "faster-talker" : "unreadable";
}
