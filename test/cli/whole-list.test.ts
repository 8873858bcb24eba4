/** Lists that are longer than a page are printed to their end, and one that is longer than anybody reads says so: against a door of cardboard that has only lists. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { meterctl, type Said } from "./terminal.ts";

type Row = Readonly<Record<string, unknown>>;
const rows: Readonly<Record<string, (n: number) => Row>> = {
  "/v1/collection/gaps": (n) => ({ day: "2026-11-22", meter: `gap-${n}`, line: "tcp-1", state: "missing", says: null }),
  "/v1/reviews": (n) => ({ meter: `row-${n}`, why: "never-read", figures: {} }),
  "/v1/exceptions": (n) => ({ id: `item-${n}`, state: "open", kind: "clock-off", owner: "field-desk", because: null }),
};

let length = 0;
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://door");
    const from = Number(searchParams.get("cursor") ?? "0");
    const to = Math.min(from + Number(searchParams.get("limit") ?? "100"), length);
    const items = Array.from({ length: to - from }, (_, index) => rows[pathname]!(from + index + 1));
    const total = pathname === "/v1/exceptions" ? {} : { total: length };
    response.end(JSON.stringify({ ...total, items, next: to < length ? String(to) : null }));
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((closed) => server.close(closed)));
beforeEach(() => {
  length = 0;
});

const call = (...args: string[]): Promise<Said> => meterctl(args, { GATEWAY_URL: url });
const lists = [
  { args: ["collection", "--gaps"], last: "gap-2300", code: 1 },
  { args: ["reviews", "never-read"], last: "row-2300", code: 0 },
  { args: ["exceptions"], last: "item-2300", code: 0 },
];

test.each(lists)("$args are listed to their end, whatever a page holds", async ({ args, last, code }) => {
  length = 2_300;
  const said = await call(...args);
  const lines = said.out.split("\n");
  expect({ code: said.code, lines: lines.length }).toEqual({ code, lines: 2_300 });
  expect(lines.at(-1)).toContain(last);
  const json = JSON.parse((await call(...args, "--json")).out) as { readonly items: readonly Row[]; readonly next: unknown };
  expect([json.items.length, json.next]).toEqual([2_300, null]);
});

test.each([
  { args: ["collection", "--gaps"], end: "… and 41 more behind these 20000; for fewer: --day, or --from and --to" },
  {
    args: ["reviews", "never-read"],
    end: "… and 41 more behind these 20000; for fewer: --class or --bus; --csv has all of them",
  },
  { args: ["exceptions"], end: "… and more behind these 20000; for fewer: --kind, --owner, --meter or --overdue" },
])(
  "$args that are longer than anybody reads end with how many more there are, and how to ask for less",
  async ({ args, end }) => {
    length = 20_041;
    expect((await call(...args)).out.split("\n").at(-1)).toBe(end);
  },
);
