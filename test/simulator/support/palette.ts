/**
 * A browser's picture with 256 colours instead of millions: a page of flat colours looks the same and weighs a third. The most used
 * colours stay exactly as they are; the shades between them, at the edges of letters, share what is left.
 */
import { crc32, deflateSync, inflateSync } from "node:zlib";

const COLOURS_MAX = 256;
const KEPT_EXACT = 200;
const HEAD_BYTES = 8;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB, row by row. */
  readonly pixels: Uint32Array;
}

export function withPalette(png: Buffer): Buffer {
  const picture = decoded(png);
  const { width, height, pixels } = picture;
  const palette = paletteOf(pixels);
  const nearest = new Map<number, number>(palette.map((colour, i) => [colour, i]));
  const rows = Buffer.alloc((width + 1) * height);
  pixels.forEach((colour, i) => {
    let at = nearest.get(colour);
    if (at === undefined) nearest.set(colour, (at = closest(palette, colour)));
    rows[i + Math.floor(i / width) + 1] = at;
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    png.subarray(0, HEAD_BYTES),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(channels))),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const channels = (colour: number): [number, number, number] => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function decoded(png: Buffer): Picture {
  const parts: Buffer[] = [];
  let [width, height, size] = [0, 0, 0];
  for (let at = HEAD_BYTES; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    const name = png.toString("latin1", at + 4, at + 8);
    if (name === "IHDR") [width, height, size] = [data.readUInt32BE(0), data.readUInt32BE(4), data[9] === 6 ? 4 : 3];
    if (name === "IDAT") parts.push(data);
  }
  const lines = inflateSync(Buffer.concat(parts));
  const stride = width * size;
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(stride);
  for (let y = 0; y < height; y += 1) {
    const filter = lines[y * (stride + 1)]!;
    const line = lines.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
    for (let i = 0; i < stride; i += 1) {
      const [left, up, corner] = [line[i - size] ?? 0, above[i]!, above[i - size] ?? 0];
      line[i] = line[i]! + guess(filter, left, up, corner);
    }
    for (let x = 0; x < width; x += 1)
      pixels[y * width + x] = (line[x * size]! << 16) | (line[x * size + 1]! << 8) | line[x * size + 2]!;
    above = line;
  }
  return { width, height, pixels };
}

/** The five filters of PNG. */
function guess(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const whole = left + up - corner;
  const [a, b, c] = [Math.abs(whole - left), Math.abs(whole - up), Math.abs(whole - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function paletteOf(pixels: Uint32Array): number[] {
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const byUse = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
  const palette = byUse.slice(0, byUse.length > COLOURS_MAX ? KEPT_EXACT : COLOURS_MAX);
  // Of the others, in turn the one that is worst served by what is there, weighed by how often it is used.
  const cost = new Map(
    byUse
      .slice(palette.length)
      .map((colour) => [colour, { far: distance(colour, palette[closest(palette, colour)]!), count: counts.get(colour)! }]),
  );
  while (palette.length < COLOURS_MAX && cost.size > 0) {
    let worst: [colour: number, weight: number] = [-1, -1];
    for (const [colour, { far, count }] of cost) if (far * count > worst[1]) worst = [colour, far * count];
    palette.push(worst[0]);
    cost.delete(worst[0]);
    for (const [colour, one] of cost) one.far = Math.min(one.far, distance(colour, worst[0]));
  }
  return palette;
}

function distance(a: number, b: number): number {
  const [r, g, b1] = channels(a);
  const [r2, g2, b2] = channels(b);
  return (r - r2) ** 2 + (g - g2) ** 2 + (b1 - b2) ** 2;
}

function closest(palette: readonly number[], colour: number): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  palette.forEach((each, i) => {
    const far = distance(each, colour);
    if (far < least) [best, least] = [i, far];
  });
  return best;
}
