/** A well-mixed number from a number, 0 to 2^32 − 1: chance that can be asked in any order, because it keeps nothing. */
export function scrambled(n: number): number {
  let x = n | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
