/**
 * A gateway of cardboard: it answers the calls the console makes, in the shapes the contract promises, and moves a command
 * only when the test says so. It knows nothing of meters; what it proves is that the page reads the contract rightly.
 * It sends the security headers the real one sends, so an inline script or style would fail here as well.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import helmet from "helmet";

type Json = Record<string, unknown>;

const mediaTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const at = (second: number): string =>
  `2026-11-22T18:${String(30 + Math.floor(second / 60)).padStart(2, "0")}:${String(second % 60).padStart(2, "0")}+08:00`;

export interface FakeGateway {
  readonly url: string;
  /** Bodies and keys of the writes it was asked for, oldest first. */
  readonly asked: readonly { readonly path: string; readonly key: string | undefined; readonly body: Json }[];
  /** How often each path was fetched. */
  readonly fetched: ReadonlyMap<string, number>;
  addMeter(meter: Json, account?: Json): void;
  /** What it says at this address from now on, with its query or for any query. */
  answer(path: string, body: Json): void;
  addCommand(command: Json): void;
  addPayment(payment: Json): void;
  /** Opens an item, and tells everyone. */
  addException(item: Json): void;
  changeMeter(address: string, part: Json): void;
  /** Moves a command to a state, tells everyone, and says a word about why. */
  move(command: string, state: string, part?: Json): void;
  announce(event: Json): void;
  /** The next write is answered with this problem instead, or with a line that breaks. */
  declineNext(problem: Json | "break"): void;
  /** From now on a key is needed; who signed in before is signed out, as a restart does it. */
  lock(key: string): void;
  /** Drops every listener, as a restart does. */
  dropListeners(): void;
  close(): Promise<void>;
}

/** Two meters on one list, as the gateway would sort them. */
/** Of a month that went well, and of a day that did not. */
const someFigures = (query: URLSearchParams): Json => {
  const isToday = query.has("from");
  const rate = { name: "collection-rate", title: { en: "Collection rate", zh: "采集成功率" }, unit: "share" };
  const cuts = { name: "false-cuts", title: { en: "False cuts", zh: "误停电" }, unit: "count" };
  const target = { way: "at-least", value: 0.999, source: "" };
  const none = { way: "at-most", value: 0, source: "" };
  const keys = query.get("by") === "class" ? ["residential", "shop"] : [null];
  const items = keys.flatMap((key) => [
    isToday
      ? { ...rate, key, value: 0.5, numerator: 1, denominator: 2, target, meets: false }
      : { ...rate, key, value: 1, numerator: 60, denominator: 60, target, meets: true },
    { ...cuts, key, value: 0, numerator: 0, denominator: 3, target: none, meets: true },
  ]);
  return { from: "2026-11-01", to: "2026-11-22", items };
};

const aReview = (query: URLSearchParams): Json => {
  const row = (meter: string, score: number, why: string): Json => ({
    ...{ meter, account: meter.slice(2), class: "residential", bus: "tcp-1", model: "remote-ledger", score, why },
    ...{ since: null, figures: { used: "60.00", usual: "9.00" } },
  });
  const items =
    query.get("list") === "swings" ? [row("202611220004", 8.5, "much-more"), row("202611220002", -4.2, "much-less")] : [];
  const score = { en: "deviations", zh: "偏离倍数" };
  const total = items.length === 0 ? 0 : items.length + 1_200; // a list that goes on behind what one answer holds
  return { list: query.get("list"), score, total, items: query.get("order") === "asc" ? items.reverse() : items };
};

const aBus = (id: string, open: boolean): Json => ({
  id,
  transport: "tcp:10.0.0.7:2404",
  open,
  why: open ? null : "no such device",
  waiting: 0,
  exchanges: 40,
  silences: 2,
  busyShare: 0.253,
});
/** Newest first, as the gateway tells it: an order by password, noise, and a reading. */
const aTape: readonly Json[] = [
  {
    n: 3,
    at: at(2),
    direction: "sent",
    kind: "frame",
    hex: "6801002211262068",
    en: "→ 202611220001 relay",
    zh: "→ 202611220001 跳合闸",
  },
  { n: 2, at: at(1), direction: "received", kind: "noise", hex: null, en: "5 bytes, stray bytes", zh: "5 字节，杂散字节" },
  {
    n: 1,
    at: at(0),
    direction: "received",
    kind: "frame",
    hex: "6801••16",
    en: "← 202611220001 read data balance 50.00 yuan",
    zh: "← 读数据",
  },
];

export const aMeter = (n: number, part: Json = {}): Json => {
  const address = String(202_611_220_000 + n);
  return {
    address,
    meterNumber: address,
    customerNumber: `00${address.slice(2)}`,
    account: String(1_000_000_000 + n),
    bus: "tcp-1",
    model: "standard-wallet",
    health: { state: "answering", failures: 0, lastHeardAt: at(n), askAgainAt: null },
    identity: "confirmed",
    relay: { desired: "connected", reported: "connected", proof: { item: "04000503", protected: false }, at: at(n) },
    readings: {
      importedEnergy: { value: `${120 + n * 7}.${String(10 + n)}`, unit: "kWh", takenAt: at(n), source: "poll" },
      balance: { value: "50.00", unit: "yuan", takenAt: at(n), source: "poll" },
    },
    ...part,
  };
};

export const anAccount = (n: number, part: Json = {}): Json => ({
  account: String(1_000_000_000 + n),
  name: `Flat ${n}`,
  class: "residential",
  mode: "local",
  available: "0.00",
  held: "0.00",
  meters: [String(202_611_220_000 + n)],
  ...part,
});

export const aCommand = (id: string, part: Json = {}): Json => ({
  id,
  kind: "top-up",
  meter: "202611220001",
  account: "1000000001",
  payment: null,
  state: "accepted",
  waitingFor: null,
  because: null,
  createdAt: at(100),
  notAfter: "2026-11-25T18:30:00+08:00",
  proof: { sent: null, acknowledged: null, verified: null },
  attempts: [],
  receipt: null,
  ...part,
});

export const anException = (id: string, part: Json = {}): Json => ({
  id,
  kind: "command-disputed",
  title: { en: "Nobody can tell whether the meter was credited", zh: "充值结果存疑" },
  nextStep: { en: "Read the purchase count at the meter.", zh: "读取电表购电次数。" },
  meter: "202611220001",
  account: "1000000001",
  command: "0197-a",
  because: "count-gap",
  says: null,
  count: 1,
  owner: "money-desk",
  overdue: false,
  openedAt: at(100),
  lastAt: at(100),
  suggestion: null,
  evidence: { readings: [{ item: "balance", value: "50.00", unit: "yuan", takenAt: at(90), source: "poll" }] },
  attempts: [{ at: at(95), outcome: "silent", frames: [{ at: at(95), direction: "sent", hex: "6801002211" }] }],
  ...part,
});

export const moment = at;

export async function startFakeGateway(page: string): Promise<FakeGateway> {
  const meters = new Map<string, Json>();
  const accounts = new Map<string, Json>();
  const commands = new Map<string, Json>();
  const payments = new Map<string, Json>();
  const exceptions = new Map<string, Json>();
  const answers = new Map<string, Json>();
  const listeners = new Set<ServerResponse>();
  const asked: { path: string; key: string | undefined; body: Json }[] = [];
  const fetched = new Map<string, number>();
  let declined: Json | "break" | undefined;
  let count = 0;
  let key: string | null = null;
  let session: string | null = null;
  let sessionCount = 0;
  const isSignedIn = (request: IncomingMessage): boolean =>
    session !== null && (request.headers.cookie ?? "").includes(`fee-control-session=${session}`);

  const announce = (event: Json): void => {
    for (const listener of listeners) listener.write(`event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  const json = (response: ServerResponse, status: number, body: unknown, type = "application/json"): void => {
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
  };
  const decline = (response: ServerResponse, status: number, problem: Json): void =>
    json(response, status, { status, type: "about:blank", ...problem }, "application/problem+json");

  const write = (path: string, key: string | undefined, body: Json, response: ServerResponse): void => {
    asked.push({ path, key, body });
    const refusal = declined;
    declined = undefined;
    if (refusal === "break") {
      // In the middle of the answer: a line that breaks before it is taken up again by the browser itself, unasked.
      response.writeHead(202, { "content-type": "application/json", "content-length": "200" });
      response.write("{", () => response.destroy());
      return;
    }
    if (refusal !== undefined) {
      decline(response, 422, refusal);
      return;
    }
    if (/^\/v1\/(?:cuts\/|emergency-stop$|no-cuts|recovery\/|notices\/)/.test(path)) {
      json(response, 200, {});
      return;
    }
    const [, , room, item = "", verb] = path.split("/");
    if (room === "exceptions" || verb === "resolve") {
      if (verb === "assign") exceptions.set(item, { ...exceptions.get(item), owner: body["owner"] });
      else for (const [id, { command }] of exceptions) if (id === item || command === item) exceptions.delete(id);
      json(response, 200, {});
      return;
    }
    count += 1;
    const id = `0197-new-${String(count)}`;
    if (path === "/v1/payments") {
      const account = String(body["account"]);
      if (!accounts.has(account)) {
        decline(response, 404, {
          code: "unknown-account",
          title: "No such account.",
          detail: `unknown-account: No such account. (account=${account}) Check the account number, or add it to the site file.`,
          next: "Check the account number, or add it to the site file.",
        });
        return;
      }
      const [meter] = accounts.get(account)?.["meters"] as string[];
      const payment = { id: `${id}-p`, ...body, state: "taken", command: id, createdAt: at(110 + count) };
      const command = aCommand(id, { account, meter, payment: payment.id, createdAt: at(110 + count) });
      payments.set(payment.id, payment);
      commands.set(id, command);
      json(response, 202, { payment, command });
      return;
    }
    const command = aCommand(id, {
      kind: body["order"],
      meter: path.split("/")[3],
      because: "person",
      createdAt: at(110 + count),
    });
    commands.set(id, command);
    json(response, 202, { command });
  };

  const read = (path: string, response: ServerResponse, asked: string): void => {
    fetched.set(path, (fetched.get(path) ?? 0) + 1);
    const fixed = answers.get(asked) ?? answers.get(path);
    if (fixed !== undefined) {
      json(response, 200, fixed);
      return;
    }
    if (path === "/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write("retry: 100\n\n");
      listeners.add(response);
      response.on("close", () => listeners.delete(response));
      return;
    }
    if (path === "/v1/payments") {
      json(response, 200, { items: [...payments.values()].reverse().slice(0, 20), next: null });
      return;
    }
    if (path === "/v1/meters") {
      json(response, 200, { items: [...meters.values()].reverse(), next: null });
      return;
    }
    if (path === "/v1/exceptions") {
      json(response, 200, { items: [...exceptions.values()].reverse(), next: null });
      return;
    }
    if (path.startsWith("/v1/reviews?")) {
      json(response, 200, aReview(new URLSearchParams(path.split("?")[1])));
      return;
    }
    if (path.startsWith("/v1/indicators?")) {
      json(response, 200, someFigures(new URLSearchParams(path.split("?")[1])));
      return;
    }
    if (path === "/v1/no-cuts") {
      json(response, 200, { items: [], next: null, now: at(0) });
      return;
    }
    if (path === "/v1/collection") {
      const row = { day: "2026-11-22", key: null, expected: 260, collected: 10, rate: 0.0384 };
      json(response, 200, { items: [row], next: null });
      return;
    }
    if (path === "/v1/collection/gaps") {
      const gap = { day: "2026-11-22", line: "tcp-1", state: "missing", says: { en: "does not answer", zh: "无应答" } };
      json(response, 200, { items: [{ ...gap, meter: "202611220005" }], next: "2026-11-22/202611220005", total: 250 });
      return;
    }
    if (path === "/readyz") {
      json(response, 200, { status: "ready", parts: [] });
      return;
    }
    if (path === "/v1/buses") {
      json(response, 200, { items: [aBus("tcp-1", true), aBus("rs485-1", false)], next: null });
      return;
    }
    if (path.startsWith("/v1/buses/")) {
      json(response, 200, { items: path.includes("tcp-1") ? aTape : [], next: null });
      return;
    }
    if (path === "/v1/commands") {
      json(response, 200, { items: [...commands.values()].reverse(), next: null });
      return;
    }
    const [, , kind = "", id = ""] = path.split("/");
    const found = { meters, accounts, commands, payments, exceptions }[kind]?.get(id);
    if (found !== undefined) {
      json(response, 200, found);
      return;
    }
    if (path.startsWith("/v1/")) {
      decline(response, 404, {
        code: "not-found",
        title: "There is nothing at this address.",
        detail: path,
        next: "See /docs for the calls there are.",
      });
      return;
    }
    const file = join(page, normalize(path === "/" ? "/index.html" : path));
    try {
      const content = readFileSync(file);
      response.writeHead(200, { "content-type": mediaTypes[extname(file)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  };

  const unauthorized = (response: ServerResponse): void =>
    decline(response, 401, {
      code: "unauthorized",
      title: "A key is needed here.",
      titleZh: "需要密钥。",
      detail: "unauthorized: A key is needed here. Send Authorization: Bearer KEY; meterctl takes it from GATEWAY_KEY.",
      next: "Send Authorization: Bearer KEY; meterctl takes it from GATEWAY_KEY.",
    });

  /** Whether the question was about the sign-in, or needs one first. */
  const atTheDoor = (request: IncomingMessage, path: string, body: string, response: ServerResponse): boolean => {
    if (path !== "/v1/session") {
      const isTurnedAway = key !== null && path.startsWith("/v1/") && !isSignedIn(request);
      if (isTurnedAway) unauthorized(response);
      return isTurnedAway;
    }
    const give = (token: string, seconds: number): void => {
      const cookie = `fee-control-session=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${String(seconds)}`;
      response.writeHead(204, { "set-cookie": cookie }).end();
    };
    if (request.method === "GET") {
      json(response, 200, { needed: key !== null, signedIn: isSignedIn(request) });
    } else if (request.method === "DELETE") {
      session = null;
      give("", 0);
    } else if ((JSON.parse(body) as Json)["key"] === key) {
      sessionCount += 1;
      session = `session-${String(sessionCount)}`;
      give(session, 43_200);
    } else unauthorized(response);
    return true;
  };

  const secure = helmet();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? "/", "http://gateway").pathname;
    secure(request, response, () => {
      let body = "";
      request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
      request.on("end", () => {
        if (atTheDoor(request, path, body, response)) return;
        if (request.method !== "POST")
          read(path === "/v1/reviews" || path === "/v1/indicators" ? request.url! : path, response, request.url!);
        else write(path, request.headers["idempotency-key"] as string | undefined, JSON.parse(body) as Json, response);
      });
    });
  };

  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;

  const dropListeners = (): void => {
    for (const listener of listeners) listener.destroy();
  };

  return {
    url: `http://127.0.0.1:${String(port)}/`,
    asked,
    fetched,
    addMeter: (meter, account) => {
      meters.set(String(meter["address"]), meter);
      if (account !== undefined) accounts.set(String(account["account"]), account);
    },
    answer: (path, body) => void answers.set(path, body),
    addCommand: (command) => commands.set(String(command["id"]), command),
    addPayment: (payment) => payments.set(String(payment["id"]), payment),
    addException: (item) => {
      exceptions.set(String(item["id"]), item);
      announce({ type: "exception", id: item["id"], kind: item["kind"], state: "open" });
    },
    changeMeter: (address, part) => {
      meters.set(address, { ...meters.get(address), ...part });
      announce({ type: "meter", address });
    },
    move: (id, state, part = {}) => {
      const command = { ...commands.get(id), waitingFor: null, ...part, state };
      commands.set(id, command);
      const { meter, kind } = command as Json;
      announce({ type: "command", id, meter, kind, state });
    },
    announce,
    declineNext: (problem) => {
      declined = problem;
    },
    lock: (needed) => {
      key = needed;
      session = null;
    },
    dropListeners,
    close: async () => {
      dropListeners();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
