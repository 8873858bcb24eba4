/** Lines at the HTTP door: what they carry, and the last bytes of each, decoded, newest first, page by page, or as a recording. */
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify, { type FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRecording } from "../../simulator/replay/reading.ts";
import type { ApiParts } from "../../src/api/books.ts";
import { installReplies } from "../../src/api/replies.ts";
import { busRoutes } from "../../src/api/routes/buses.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { raiseHouse, type House } from "../devices/house.ts";

const A = "202611220001";

interface Row {
  readonly n: number;
  readonly direction: string;
  readonly kind: string;
  readonly hex: string | null;
  readonly en: string;
  readonly zh: string;
}
interface Page {
  readonly items: readonly Row[];
  readonly next: string | null;
}

let house: House;
let app: FastifyInstance;

beforeAll(async () => {
  house = await raiseHouse();
  app = fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  installReplies(app, silentLog);
  const shares = { planned: 0.25, measured: null, plan: null };
  const buses = () => house.street.buses().map((bus) => ({ ...bus, ...shares }));
  busRoutes(app, { street: house.street, buses, timeZone: "Asia/Shanghai" } as unknown as ApiParts);
  const session = await house.session();
  await session.read(["balance", "importedEnergy", "relay"], "person");
  house.simulator.setFault(A, { kind: "bad-checksum" });
  await session.read(["voltage"], "person");
  await session.close();
});
afterAll(async () => {
  await app.close();
  await house.close();
});

const get = async (url: string): Promise<{ status: number; body: string; type: string }> => {
  const { statusCode, body, headers } = await app.inject({ url });
  return { status: statusCode, body, type: String(headers["content-type"]) };
};
const page = async (query: string): Promise<Page> => JSON.parse((await get(`/v1/buses/bus-1/tape${query}`)).body) as Page;

test("a line tells how busy it is and what it heard beside answers", async () => {
  const { items } = JSON.parse((await get("/v1/buses")).body) as { items: readonly Record<string, unknown>[] };
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({
    id: "bus-1",
    transport: "memory:bus-1",
    open: true,
    why: null,
    waiting: 0,
    exchanges: 5,
    silences: 1,
    planned: 0.25,
    measured: null,
    plan: null,
  });
  // the rests after five exchanges, of which one was silent; the last one's is counted when it is over
  const rests = (): number => house.street.buses().reduce((sum, { occupiedMs, busyMs }) => sum + occupiedMs - busyMs, 0);
  await expect.poll(rests).toBeGreaterThanOrEqual(60);
  expect(items[0]!["noiseBytes"]).toBeGreaterThan(10);
  expect(items[0]!["busyShare"]).toBeGreaterThan(0);
  expect(items[0]!["busyShare"]).toBeLessThanOrEqual(1);
  expect(items[0]!["tape"]).toMatchObject({ rows: 10, newest: 10 });
});

test("its last bytes come newest first, decoded, in both languages; noise is named and not shown", async () => {
  const { items, next } = await page("");
  expect(items.map(({ n }) => n)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(next).toBeNull();
  expect(items.at(-1)).toMatchObject({ direction: "sent", kind: "frame", en: `→ ${A} read data 00900200 balance` });
  expect(items.at(-2)).toMatchObject({ direction: "received", en: `← ${A} read data 00900200 balance 50.00 yuan` });
  expect(items.at(-2)!.zh).toMatch(/读数据 00900200 .*50\.00/);
  expect(items.filter(({ kind }) => kind === "noise")).toEqual([
    expect.objectContaining({ hex: null, decoded: null, looks: "a damaged frame" }),
  ]);
});

test("page by page, and only what is new", async () => {
  const first = await page("?limit=4");
  expect(first.items.map(({ n }) => n)).toEqual([10, 9, 8, 7]);
  const second = await page(`?limit=4&cursor=${first.next}`);
  expect(second.items.map(({ n }) => n)).toEqual([6, 5, 4, 3]);
  const last = await page(`?limit=4&cursor=${second.next}`);
  expect(last).toMatchObject({ items: [{ n: 2 }, { n: 1 }], next: null });
  expect((await page("?since=8")).items.map(({ n }) => n)).toEqual([10, 9]);
  expect((await page("?since=2020-01-01T00:00:00+08:00")).items).toHaveLength(10);
  expect((await page("?since=2099-01-01T00:00:00%2B08:00")).items).toEqual([]);
});

test("as lines it is a recording that the street's own tools read", async () => {
  const { type, body } = await get("/v1/buses/bus-1/tape?format=jsonl");
  expect(type).toMatch(/ndjson/);
  const folder = mkdtempSync(join(tmpdir(), "tape-"));
  try {
    const file = join(folder, "line.jsonl");
    writeFileSync(file, body);
    const { header, lines } = await readRecording(file);
    expect(header.street.meters).toEqual([{ address: A, bus: "bus-1" }]);
    expect(lines.map(({ what }) => what)).toEqual([
      "frame",
      "frame",
      "frame",
      "frame",
      "frame",
      "frame",
      "frame",
      "noise",
      "frame",
      "frame",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what cannot be is refused by name", async () => {
  expect(JSON.parse((await get("/v1/buses/attic/tape")).body)).toMatchObject({ status: 404, code: "not-found" });
  expect(JSON.parse((await get("/v1/buses/bus-1/tape?since=yesterday")).body)).toMatchObject({
    status: 400,
    code: "invalid-request",
  });
  expect((await get("/v1/buses/bus-1/tape?limit=0")).status).toBe(400);
});
