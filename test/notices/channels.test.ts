/** Real files, a real HTTP server and a real mail server: what each channel hands over, and what it makes of the answer. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SMTPServer } from "smtp-server";
import { Instant, minutes, seconds, systemClock } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Message } from "../../src/notices/channel.ts";
import { patienceMs } from "../../src/notices/config.ts";
import { fileChannel } from "../../src/notices/channels/file.ts";
import { smtpChannel } from "../../src/notices/channels/smtp.ts";
import { talkMsMax } from "../../src/notices/channels/smtp-talk.ts";
import { signatureOf, webhookChannel } from "../../src/notices/channels/webhook.ts";

const SENDER = { site: "street", timeZone: "Asia/Shanghai" };
const at = Instant(Date.UTC(2026, 10, 23, 2));
const message = (more: Partial<Message> = {}): Message => ({
  ...{ id: "0193a0b0-0000-7000-8000-000000000001", kind: "notice-due", account: AccountId("1000000001"), name: "张三" },
  ...{ class: "residential", at, available: Fen(-500n), cutFrom: Instant(at + 1_800_000), language: "zh" },
  ...{ subject: "欠费停电通知", text: "您已欠费5.00元。" },
  contact: { phone: new Secret("13800000000"), email: new Secret("zhang@example.com") },
  ...more,
});
const JSON_OF_IT = {
  ...{ id: "0193a0b0-0000-7000-8000-000000000001", site: "street", kind: "notice-due", account: "1000000001", name: "张三" },
  ...{ class: "residential", at: "2026-11-23T10:00:00+08:00", language: "zh", subject: "欠费停电通知", text: "您已欠费5.00元。" },
  ...{ balance: "-5.00", cutFrom: "2026-11-23T10:30:00+08:00", contact: { phone: "13800000000", email: "zhang@example.com" } },
};
const never = new AbortController().signal;

describe("a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "fee-control-notices-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("has a line for each, also of those that come at once, and is nobody else's to read", async () => {
    const path = join(folder, "deep", "notices.jsonl");
    const channel = fileChannel({ name: "file", path, ...SENDER });
    const sent = await Promise.all(["a", "b", "c"].map((id) => channel.send(message({ id }), never)));
    expect(sent.map(({ outcome }) => outcome)).toEqual(["delivered", "delivered", "delivered"]);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(["a", "b", "c"]);
    expect(JSON.parse(lines[0]!)).toEqual({ ...JSON_OF_IT, id: "a" });
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test("begins a line of its own after one that a crash cut short", async () => {
    const path = join(folder, "torn.jsonl");
    appendFileSync(path, '{"id":"half');
    const channel = fileChannel({ name: "file", path, ...SENDER });
    await channel.send(message(), never);
    const [torn, whole, ...rest] = readFileSync(path, "utf8").split("\n");
    expect([torn, rest]).toEqual(['{"id":"half', [""]]);
    expect(JSON.parse(whole!)).toEqual(JSON_OF_IT);
  });

  test("that cannot be written is tried again", async () => {
    const channel = fileChannel({ name: "file", path: folder, ...SENDER });
    expect(await channel.send(message(), never)).toMatchObject({ outcome: "later" });
  });
});

describe("a webhook", () => {
  const secret = new Secret("drawn-by-chance-0000");
  const heard: { headers: IncomingHttpHeaders; body: string }[] = [];
  let server: Server;
  let url: string;
  let answer: { status: number; headers?: Record<string, string>; body?: string; breaksOff?: true } | "silence" = { status: 200 };
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        if (answer === "silence") return;
        response.writeHead(answer.status, answer.headers);
        if (answer.breaksOff === true) {
          response.flushHeaders();
          request.socket.end();
        } else response.end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notices`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  afterEach(() => {
    heard.length = 0;
    answer = { status: 200 };
  });
  const send = (signal = never) => webhookChannel({ name: "sms", url, secret, ...SENDER }).send(message(), signal);

  test("is signed over its moment and its body, and carries the id by which a second copy is known", async () => {
    expect(await send()).toEqual({ outcome: "delivered", words: "HTTP 200" });
    const [{ headers, body }] = heard as [(typeof heard)[number]];
    expect(JSON.parse(body)).toEqual(JSON_OF_IT);
    expect(headers["x-fee-control-id"]).toBe(JSON_OF_IT.id);
    expect(headers["x-fee-control-timestamp"]).toBe(String(at / 1_000));
    expect(headers["x-fee-control-signature"]).toBe(signatureOf(secret, String(at / 1_000), body));
    expect(headers["x-fee-control-signature"]).not.toBe(signatureOf(secret, String(at / 1_000 + 1), body));
    expect(headers["x-fee-control-signature"]).not.toBe(signatureOf(new Secret("another"), String(at / 1_000), body));
  });

  test.each([
    [204, "delivered"],
    [400, "never"],
    [404, "never"],
    [410, "never"],
    [408, "later"],
    [425, "later"],
    [429, "later"],
    [500, "later"],
    [503, "later"],
  ] as const)("answered with %i is %s", async (status, outcome) => {
    answer = { status, body: status === 204 ? undefined : "because" } as typeof answer;
    const sent = await send();
    expect(sent.outcome).toBe(outcome);
    if (outcome !== "delivered") expect(sent.words).toBe(`HTTP ${status}: because`);
  });

  test.each([
    [202, "delivered", "HTTP 202"],
    [410, "never", "HTTP 410"],
    [503, "later", "HTTP 503"],
  ] as const)("answered with %i counts, also where the words after it never come", async (status, outcome, words) => {
    answer = { status, headers: { "content-length": "1000" }, breaksOff: true };
    const sent = await send();
    expect(sent.outcome).toBe(outcome);
    expect(sent.words).toMatch(new RegExp(`^${words}`));
  });

  test("goes nowhere else: whoever points elsewhere is not followed", async () => {
    answer = { status: 307, headers: { location: `${url}/elsewhere` } };
    expect(await send()).toMatchObject({ outcome: "never" });
    expect(heard).toHaveLength(1);
  });

  test("that does not answer is given up when its time is over, and one that is not there at once", async () => {
    answer = "silence";
    const late = new AbortController();
    const sent = send(late.signal);
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    late.abort();
    expect(await sent).toEqual({ outcome: "later", words: "no answer in time" });
    const nowhere = webhookChannel({ name: "sms", url: "http://127.0.0.1:9/", secret, ...SENDER });
    expect(await nowhere.send(message(), never)).toMatchObject({ outcome: "later" });
  });
});

describe("mail", () => {
  const taken: { to: readonly string[]; mail: string; user: string | undefined }[] = [];
  let server: SMTPServer;
  let port: number;
  let refusal: { readonly to?: string; readonly code: number; readonly at: "rcpt" | "data" | "auth" } | null = null;
  /** How long it thinks. */
  let slow = { greetingMs: 0, mailMs: 0 };
  /** Where it says nothing any more, and who hears of it. */
  let silence: { readonly at: "rcpt" | "data"; readonly reached: () => void } | null = null;
  let hungUp = (): void => undefined;
  const askedAt = (at: "rcpt" | "data") => new Promise<void>((reached) => (silence = { at, reached }));
  const refuse = (code: number, text: string): Error => Object.assign(new Error(text), { responseCode: code });
  beforeAll(async () => {
    server = new SMTPServer({
      authOptional: true,
      allowInsecureAuth: true,
      disabledCommands: ["STARTTLS"],
      logger: false,
      onAuth: ({ username, password }, _session, callback) => {
        if (refusal?.at === "auth" || password !== "pass word") callback(refuse(refusal?.code ?? 535, "who are you"));
        else callback(null, { user: username });
      },
      onConnect: (_session, callback) => void systemClock.wait(slow.greetingMs).then(() => callback()),
      onClose: () => hungUp(),
      onRcptTo: ({ address }, _session, callback) => {
        if (silence?.at === "rcpt") {
          silence.reached();
          return;
        }
        callback(refusal?.at === "rcpt" ? refuse(refusal.code, `no mailbox ${address} here`) : null);
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          if (refusal?.at === "data") {
            callback(refuse(refusal.code, "not this"));
            return;
          }
          if (silence?.at === "data") {
            silence.reached();
            return;
          }
          const to = session.envelope.rcptTo.map(({ address }) => address);
          taken.push({ to, mail: Buffer.concat(chunks).toString(), user: session.user as string | undefined });
          void systemClock.wait(slow.mailMs).then(() => callback(null, "queued as 1"));
        });
      },
    });
    server.on("error", () => undefined); // whoever hangs up on it
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.server.address() as AddressInfo).port;
  });
  afterAll(() => new Promise<void>((resolve) => server.close(resolve)));
  afterEach(() => {
    taken.length = 0;
    refusal = null;
    slow = { greetingMs: 0, mailMs: 0 };
    silence = null;
  });
  const mail = (
    auth: { user: string; secret: Secret<string> } | null = null,
    tls: "none" | "starttls" = "none",
    timeoutMs = 5_000,
  ) =>
    smtpChannel({
      ...{ name: "mail", host: "127.0.0.1", port, tls, from: "Supply <no-reply@example.com>" },
      auth,
      timeoutMs,
      site: "street",
    });

  test("is delivered when the server takes it, under the notice's own id", async () => {
    const sent = await mail({ user: "gateway", secret: new Secret("pass word") }).send(message(), never);
    expect(sent).toMatchObject({ outcome: "delivered" });
    expect(sent.words).toContain("queued as 1");
    const [one] = taken;
    expect(one).toMatchObject({ to: ["zhang@example.com"], user: "gateway" });
    expect(one!.mail).toContain("Message-ID: <0193a0b0-0000-7000-8000-000000000001@street.fee-control>");
    expect(one!.mail).toContain("From: Supply <no-reply@example.com>");
    const body = one!.mail.split("\r\n\r\n")[1]!;
    expect(Buffer.from(body, "base64").toString()).toContain("您已欠费5.00元。");
  });

  test.each([
    ["rcpt", 550, "never"],
    ["rcpt", 451, "later"],
    ["data", 554, "never"],
    ["data", 452, "later"],
    ["auth", 535, "later"],
  ] as const)("refused at %s with %i is %s", async (where, code, outcome) => {
    refusal = { at: where, code };
    const auth = where === "auth" ? { user: "gateway", secret: new Secret("pass word") } : null;
    const sent = await mail(auth).send(message(), never);
    expect(sent.outcome).toBe(outcome);
    expect(taken).toEqual([]);
  });

  test("is not sent in the clear where it is not to be, and the server may mend that", async () => {
    expect(await mail(null, "starttls").send(message(), never)).toMatchObject({ outcome: "later" });
    expect(taken).toEqual([]);
  });

  test("reaches nobody without an address, and no header is made of what a text says", async () => {
    const channel = mail();
    expect(channel.missing({ phone: new Secret("13800000000") })).toBe("no e-mail address");
    expect(channel.missing(message().contact)).toBe(null);
    await channel.send(message({ subject: "a\r\nBcc: other@example.com" }), never);
    expect(taken[0]!.to).toEqual(["zhang@example.com"]);
    expect(taken[0]!.mail).not.toMatch(/^Bcc:/m);
  });

  test("is delivered by a server that thinks longer of it than any other answer may take", async () => {
    const answerMs = 1_000;
    slow = { greetingMs: 0.6 * answerMs, mailMs: 1.5 * answerMs };
    const sent = await mail(null, "none", answerMs).send(message(), never);
    expect(sent).toMatchObject({ outcome: "delivered" });
    expect(taken, "once").toHaveLength(1);
  });

  test("is waited for longer than its server may take, so that no word of it comes when nobody listens", () => {
    const config = {
      name: "mail",
      kind: "smtp",
      host: "mx",
      port: 25,
      tls: "none",
      from: "a@example.com",
      secret: null,
    } as const;
    for (const timeoutSeconds of [1, 10, 60]) {
      const patience = patienceMs({ ...config, timeoutSeconds });
      expect(patience).toBeGreaterThan(talkMsMax(seconds(timeoutSeconds)));
      expect(patience, "RFC 5321, 4.5.3.2.6, and every answer before it").toBeGreaterThan(minutes(10) + seconds(timeoutSeconds));
    }
  });

  test("that was given up before the server wanted it was taken by nobody", async () => {
    const late = new AbortController();
    const [asked, closed] = [askedAt("rcpt"), new Promise<void>((resolve) => (hungUp = resolve))];
    const sent = mail().send(message(), late.signal);
    await asked;
    late.abort();
    expect(await sent).toEqual({ outcome: "later", words: "no answer in time" });
    await closed;
    expect(taken).toEqual([]);
  });

  test("that nothing was said of after it was handed over may have come, and counts as told to nobody", async () => {
    const late = new AbortController();
    const asked = askedAt("data");
    const sent = mail().send(message(), late.signal);
    await asked;
    late.abort();
    expect(await sent).toMatchObject({ outcome: "later", words: expect.stringContaining("may have been taken") as string });
  });

  test("that cannot be reached is tried again", async () => {
    const nowhere = smtpChannel({
      ...{
        name: "mail",
        host: "127.0.0.1",
        port: 9,
        tls: "none",
        from: "a@example.com",
        auth: null,
        timeoutMs: 2_000,
        site: "s",
      },
    });
    expect(await nowhere.send(message(), never)).toMatchObject({ outcome: "later" });
  });
});
