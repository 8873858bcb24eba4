/**
 * Sessions, asked as a browser and as a stranger would: what a key is exchanged for, what the cookie opens and what it does
 * not, and how it ends. Time is the test's, so twelve hours pass at once.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hours, Instant, minutes, seconds, ShiftableClock, type Clock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { FailedSignIns, Sessions } from "../../src/api/sessions.ts";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { ask, expectProblem, thing, things, untilTrue, type Answer, type Question, type Thing } from "./door.ts";

const METER = "202611220041";
const KEY = "correct-horse-battery";
const PUBLIC = "https://meters.example.com";
const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let folder: string;
let locked: TestHouse;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fee-control-session-"));
  writeFileSync(join(folder, "desk"), `${KEY}\n`);
  writeFileSync(join(folder, "till"), "another-key\n");
  locked = await raiseTestHouse({
    clock,
    meters: [{ address: METER }],
    consoleFolder: consoleOf(folder),
    site: {
      apiKeys: [
        { name: "desk", secret: `file:${join(folder, "desk")}` },
        { name: "till", secret: `file:${join(folder, "till")}` },
      ],
    },
  });
  ({ url } = locked.gateway);
});
afterAll(async () => {
  await locked.close();
  rmSync(folder, { recursive: true });
});
afterEach(() => clock.jump(minutes(2))); // nobody waits for the failures of the test before

/** As the build leaves it: a page, its assets, and the build's own mark. */
function consoleOf(home: string): string {
  const dist = mkdtempSync(join(home, "dist-"));
  writeFileSync(join(dist, "index.html"), "<!doctype html><title>desk</title>");
  writeFileSync(join(dist, ".fingerprint"), "mark");
  return dist;
}

const cookieIn = (answer: Answer): string => answer.headers["set-cookie"]?.[0] ?? "";
const pairIn = (answer: Answer): string => cookieIn(answer).split(";")[0]!;
const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => ask(url, "GET", path, { headers });
const signIn = (key: string, question: Question = {}): Promise<Answer> =>
  ask(url, "POST", "/v1/session", { body: { key }, ...question });
const aCookie = async (): Promise<string> => pairIn(await signIn(KEY));
const relay = (question: Question): Promise<Answer> =>
  ask(url, "POST", `/v1/meters/${METER}/relay`, { body: { order: "unwarn", reason: "test" }, ...question });

describe("signing in", () => {
  test("exchanges a key for a cookie that scripts cannot read and other sites cannot use", async () => {
    expect((await get("/v1/session")).json).toEqual({ needed: true, signedIn: false });
    for (const key of [KEY, "another-key"]) {
      const answer = await signIn(key);
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
      expect(cookieIn(answer)).toMatch(
        /^fee-control-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/, // no Secure: nobody said https
      );
      expect(answer.headers["cache-control"]).toBe("no-store");
      const cookie = pairIn(answer);
      expect((await get("/v1/session", { cookie })).json).toEqual({ needed: true, signedIn: true });
      expect((await get("/v1/meters", { cookie: `theme=dark; ${cookie}; lang=zh` })).status).toBe(200);
    }
  });

  test("the cookie opens API, events, metrics and documentation; nothing but the console's own files is open without", async () => {
    const cookie = await aCookie();
    const paths = ["/v1/meters", "/v1/payments", "/v1/commands", "/metrics", "/docs/", "/openapi.json"];
    for (const path of paths) {
      expectProblem(await get(path), 401, "unauthorized");
      expect((await get(path, { cookie })).status, path).toBe(200);
    }
    for (const path of ["/", "/index.html?from=mail"]) expect((await get(path)).text).toContain("desk");
    for (const path of ["/.fingerprint", "/nothing", "//v1/meters", "/v1/session/x", "/%76%31/meters"])
      expectProblem(await get(path), 401, "unauthorized");
    expectProblem(await get("/assets/nothing.js"), 404, "not-found");
    expectProblem(await get("/assets/../v1/meters"), 400, "invalid-request"); // the file server's, and it serves no such path
    for (const path of ["/healthz", "/readyz"]) expect((await get(path, { host: "anybody.example" })).status).toBe(200);
  });

  test("wrong keys are told, and ten a minute are enough, also for the right one", async () => {
    expectProblem(await signIn(KEY, { raw: "{}" }), 400, "invalid-request");
    expectProblem(await signIn(KEY, { raw: `{"key":"${KEY}","more":1}` }), 400, "invalid-request");
    for (let n = 0; n < 10; n += 1) expectProblem(await signIn(`guess-${String(n)}`), 401, "unauthorized");
    expectProblem(await signIn("guess-10"), 429, "too-many-requests");
    expectProblem(await signIn(KEY, { headers: { "x-forwarded-for": "203.0.113.7" } }), 429, "too-many-requests");
    expect((await get("/v1/meters", { authorization: `Bearer ${KEY}` })).status).toBe(200);
    await clock.jump(seconds(61));
    expect((await signIn(KEY)).status).toBe(204);
  });

  test("many right keys are no reason to wait", async () => {
    for (let n = 0; n < 12; n += 1) expect((await signIn(KEY)).status).toBe(204);
  });
});

describe("a session", () => {
  test("writes JSON from its own origin, and nothing else", async () => {
    const cookie = await aCookie();
    const { host } = new URL(url);
    expect((await relay({ headers: { cookie } })).status).toBe(202);
    expect((await relay({ headers: { cookie, origin: `http://${host}` } })).status).toBe(202);
    expect((await relay({ headers: { cookie, host: "desk.office", origin: "https://desk.office" } })).status).toBe(202);
    for (const origin of ["http://evil.example", "null", `http://${host}.evil.example`, "http://127.0.0.1:1"])
      expectProblem(await relay({ headers: { cookie, origin } }), 401, "unauthorized");
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
      expectProblem(await relay({ raw: "{}", headers: { cookie, "content-type": type } }), 400, "invalid-request");
    // without a body a form could send it: it needs the type all the same
    const nobody = "00000000-0000-7000-8000-000000000000";
    const cancel = (question: Question): Promise<Answer> => ask(url, "POST", `/v1/commands/${nobody}/cancel`, question);
    expectProblem(await cancel({ headers: { cookie } }), 400, "invalid-request");
    expectProblem(await cancel({ body: {}, headers: { cookie } }), 404, "unknown-command");
  });

  test("counts for nothing beside a key that is wrong, or with a token that is not ours", async () => {
    const cookie = await aCookie();
    expectProblem(await get("/v1/meters", { cookie, authorization: "Bearer wrong" }), 401, "unauthorized");
    const name = cookie.split("=")[0]!;
    for (const other of [`${name}=`, `${name}=${"A".repeat(43)}`, `x${cookie}`, `${cookie}A`, `other=1`])
      expectProblem(await get("/v1/meters", { cookie: other }), 401, "unauthorized");
  });

  test("ends when its owner signs out, and what it listens to ends with it", async () => {
    const [cookie, other] = [await aCookie(), await aCookie()];
    const [mine, theirs] = [await listen(cookie), await listen(other)];
    expectProblem(
      await ask(url, "DELETE", "/v1/session", { headers: { cookie, origin: "http://evil.example" } }),
      401,
      "unauthorized",
    );
    const out = await ask(url, "DELETE", "/v1/session", { headers: { cookie } });
    expect(out.status).toBe(204);
    expect(cookieIn(out)).toMatch(/^fee-control-session=; .*Max-Age=0$/);
    await untilTrue("the stream to end", () => mine.hasEnded());
    expect(theirs.hasEnded()).toBe(false);
    expectProblem(await get("/v1/meters", { cookie }), 401, "unauthorized");
    expect((await get("/v1/session", { cookie })).json).toEqual({ needed: true, signedIn: false });
    expect((await get("/v1/meters", { cookie: other })).status).toBe(200);
    theirs.close();
    expect((await ask(url, "DELETE", "/v1/session")).status).toBe(204); // nobody is there: nothing to do
  });

  test("ends after twelve hours however busy it was", async () => {
    const cookie = await aCookie();
    await clock.jump(hours(12) - minutes(1));
    expect((await get("/v1/meters", { cookie })).status).toBe(200);
    await clock.jump(minutes(1));
    expectProblem(await get("/v1/meters", { cookie }), 401, "unauthorized");
  });

  test("signing in again ends the one before", async () => {
    const cookie = await aCookie();
    const again = pairIn(await signIn(KEY, { headers: { cookie } }));
    expect(again).not.toBe(cookie);
    expectProblem(await get("/v1/meters", { cookie }), 401, "unauthorized");
    expect((await get("/v1/meters", { cookie: again })).status).toBe(200);
  });

  test("does not outlive the gateway", async () => {
    const cookie = await aCookie();
    ({ url } = await locked.restart());
    expectProblem(await get("/v1/meters", { cookie }), 401, "unauthorized");
  });
});

test("the documentation names both ways in, and which calls need none", async () => {
  const { json } = await get("/openapi.json", { authorization: `Bearer ${KEY}` });
  expect(thing(json["components"])["securitySchemes"]).toMatchObject({
    key: { type: "http", scheme: "bearer" },
    session: { type: "apiKey", in: "cookie", name: "fee-control-session" },
  });
  expect(json["security"]).toEqual([{ key: [] }, { session: [] }]);
  const paths = json["paths"] as Record<string, Record<string, Thing>>;
  const open = Object.entries(paths).flatMap(([path, calls]) =>
    Object.entries(calls).flatMap(([method, call]) =>
      call["security"] !== undefined && things(call["security"]).length === 0 ? [`${method} ${path}`] : [],
    ),
  );
  expect(open.sort()).toEqual(["delete /v1/session", "get /healthz", "get /readyz", "get /v1/session", "post /v1/session"]);
});

describe("without keys", () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await raiseTestHouse({ meters: [{ address: METER }], consoleFolder: consoleOf(folder) });
  });
  afterAll(() => house.close());
  const there = (method: string, path: string, question: Question = {}): Promise<Answer> =>
    ask(house.gateway.url, method, path, question);

  test("nobody has to sign in, and who does all the same is given nothing", async () => {
    expect((await there("GET", "/v1/session")).json).toEqual({ needed: false, signedIn: false });
    const answer = await there("POST", "/v1/session", { body: { key: "whatever" } });
    expect({ status: answer.status, cookie: cookieIn(answer) }).toEqual({ status: 204, cookie: "" });
    expect((await there("GET", "/openapi.json")).json["security"]).toEqual([{}, { key: [] }, { session: [] }]);
  });

  test("a page of elsewhere still cannot borrow a browser: neither by a name of its own nor for a write", async () => {
    for (const path of ["/v1/session", "/", "/v1/meters"])
      expectProblem(await there("GET", path, { headers: { host: "evil.example" } }), 401, "unauthorized");
    const body = { order: "unwarn", reason: "test" };
    const path = `/v1/meters/${METER}/relay`;
    expectProblem(await there("POST", path, { body, headers: { origin: "http://evil.example" } }), 401, "unauthorized");
    expect((await there("POST", path, { body, headers: { origin: house.gateway.url } })).status).toBe(202);
  });
});

test("behind a proxy with TLS the cookie travels by TLS alone, and writes come from the address people know", async () => {
  const house = await raiseTestHouse({
    meters: [{ address: METER }],
    site: { http: { port: 0, publicUrl: `${PUBLIC}/desk` }, apiKeys: [{ name: "desk", secret: `file:${join(folder, "desk")}` }] },
  });
  try {
    const at = house.gateway.url;
    const answer = await ask(at, "POST", "/v1/session", { body: { key: KEY }, headers: { origin: PUBLIC } });
    expect(cookieIn(answer)).toMatch(/; SameSite=Strict; Secure; /);
    const cookie = pairIn(answer);
    const body = { order: "unwarn", reason: "test" };
    const write = (origin: string): Promise<Answer> =>
      ask(at, "POST", `/v1/meters/${METER}/relay`, { body, headers: { cookie, origin } });
    expect((await write(PUBLIC)).status).toBe(202);
    expectProblem(await write("http://meters.example.com"), 401, "unauthorized");
  } finally {
    await house.close();
  }
});

describe("in memory", () => {
  const still: Clock = {
    now: () => Instant(0),
    wait: (_ms, signal) => new Promise((end) => signal?.addEventListener("abort", () => end())),
  };

  test("the oldest of a thousand sessions makes room, and all end with the house", () => {
    const sessions = new Sessions(still);
    const first = sessions.begin("office");
    const second = sessions.begin("office");
    const ended: string[] = [];
    sessions.attach(first, () => ended.push("first"));
    sessions.attach(second, () => ended.push("second"));
    for (let n = 2; n <= 1_000; n += 1) sessions.begin("office");
    expect([sessions.ownerOf(first), sessions.ownerOf(second)]).toEqual([null, "office"]);
    expect(ended).toEqual(["first"]);
    sessions.endAll();
    expect(sessions.ownerOf(second)).toBeNull();
    expect(ended).toEqual(["first", "second"]);
  });

  test("addresses do not share their failures", () => {
    const failed = new FailedSignIns(still);
    for (let n = 0; n < 10; n += 1) failed.note("192.0.2.1");
    expect(() => failed.check("192.0.2.2")).not.toThrow();
    let thrown: unknown;
    try {
      failed.check("192.0.2.1");
    } catch (error) {
      thrown = error;
    }
    expect(isFault(thrown, "too-many-requests")).toBe(true);
  });
});

/** An event stream as a browser holds it open. */
function listen(cookie: string): Promise<{ hasEnded(): boolean; close(): void }> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL("/v1/events", url), { headers: { cookie } }, (answer) => {
      let ended = false;
      answer.resume();
      answer.on("close", () => (ended = true)).on("error", () => (ended = true));
      if (answer.statusCode === 200) resolve({ hasEnded: () => ended, close: () => sent.destroy() });
      else reject(new Error(`the events were answered with ${String(answer.statusCode)}`));
    });
    sent.on("error", reject).end();
  });
}
