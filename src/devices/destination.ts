/** Whom a request is for, told from its bytes: the six behind the start byte, as they travel. */
const START = 0x68;
const ADDRESS_BYTES = 6;

export function destinationOf(request: Uint8Array): string {
  const at = request.indexOf(START) + 1;
  return Buffer.from(request.subarray(at, at + ADDRESS_BYTES)).toString("hex");
}
