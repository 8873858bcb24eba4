/** The byte that names a rate, one bit for each: in 04000703 and its like, and in function 17H. Bit 1 is the first, 0 and 7 are reserved. */
export const BAUDS: readonly number[] = [600, 1200, 2400, 4800, 9600, 19_200];

export const byteOfBaud = (rate: number, bauds = BAUDS): number => 2 << bauds.indexOf(rate);

/** The rates whose bit is set, in their order; a meter means exactly one. */
export const baudsIn = (byte: number, bauds = BAUDS): readonly number[] =>
  bauds.filter((rate) => (byte & byteOfBaud(rate, bauds)) !== 0);

/** The one rate of a byte that has no other bit. */
export const baudOfByte = (byte: number, bauds = BAUDS): number | undefined =>
  bauds.find((rate) => byte === byteOfBaud(rate, bauds));
