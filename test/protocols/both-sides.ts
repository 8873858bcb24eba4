/** What the tests of both sides share: golden frames decoded, a request as a meter hears it, a frame from hex. */
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import { bytesOfHex, decodeFrame } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { readRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { Request } from "../../src/protocols/dlt645/speaking.ts";
import { goldenFrame } from "./golden-frames.ts";

export const frameOf = (bytes: Uint8Array): Frame => {
  const decoded = decodeFrame(bytes);
  if ("fault" in decoded) throw new Error(decoded.fault);
  return decoded.frame;
};
export const golden = (key: string): Frame => frameOf(goldenFrame(key));
export const heard = (frame: Frame, choices?: Choices): Request => {
  const request = readRequest(frame, choices);
  if (request.is === "malformed") throw new Error(`${String(request.field)}: ${request.why}`);
  if (request.is === "reply" || request.is === "unknown-function") throw new Error(request.is);
  return request;
};
export const METER = "202611220001";
export const OLD = "201708176934";
export const frame = (control: number, hex: string, address = METER): Frame => ({ address, control, data: bytesOfHex(hex) });
