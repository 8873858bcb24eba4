/** What customers read: money, moments, whose words hold; and what a site file may not say. */
import { describe, expect, test } from "vitest";
import { buildConfig } from "../../src/config.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { Instant } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { masked, struckOut } from "../../src/notices/contacts.ts";
import { noticeKinds } from "../../src/notices/kinds.ts";
import { complaintsAboutTemplates, languages, usualTemplates, type GivenTemplates } from "../../src/notices/templates.ts";
import { moneyFor, momentFor, worded, type Wording } from "../../src/notices/wording.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { SiteInput } from "../../src/site-file.ts";

const at = Instant(Date.UTC(2026, 10, 23, 2, 5));
const wording: Wording = { site: "street", timeZone: "Asia/Shanghai", pay: {}, templates: {}, ofClass: new Map() };
const final = { account: AccountId("1000000001"), kind: "notice-due", at, available: Fen(-123_456n), details: {} } as const;
const reader = { name: "张三", class: "residential", language: "zh" } as const;
const now = { cutFrom: Instant(at + 30 * 60_000 + 59_999), limit: Fen(0n) };

describe("a customer reads", () => {
  test("money and moments in his own way, on the wall clock of the site", () => {
    expect([moneyFor("zh", 123_456n), moneyFor("en", -5n), moneyFor("zh", 100_000_000n)]).toEqual([
      "1,234.56元",
      "-0.05 yuan",
      "1,000,000.00元",
    ]);
    expect(momentFor("zh", at, "Asia/Shanghai")).toBe("2026年11月23日10:05");
    expect(momentFor("en", at, "Asia/Shanghai")).toBe("23 Nov 2026, 10:05");
  });

  test("what is left, from when he may be cut, and how to pay; he is not cut before that minute", () => {
    expect(worded(final, reader, now, wording)).toEqual({
      language: "zh",
      subject: "欠费停电通知",
      text: "张三(户号1000000001):截至2026年11月23日10:05,您的电费余额为-1,234.56元。请缴费使余额高于0.00元,否则2026年11月23日10:35起可能停止供电;缴费后不再停电。缴费方式不变。",
    });
    const { text } = worded(final, { ...reader, language: "en" }, now, { ...wording, pay: { en: "At the counter." } });
    expect(text).toMatch(
      /^张三 \(account 1000000001\): your balance was -1,234.56 yuan at 23 Nov 2026, 10:05\. .* above 0\.00 yuan.* from 23 Nov 2026, 10:35 on.*At the counter\.$/,
    );
  });

  test("the words of his class, else of the site, else ours, each part by itself", () => {
    const templates: GivenTemplates = { zh: { "notice-due": { subject: "站点", text: "站点{owed}" } } };
    const ofClass = new Map<string, GivenTemplates>([["shop", { zh: { "notice-due": { text: "商铺{balance}" } } }]]);
    const said = (name: string) => worded(final, { ...reader, class: name }, now, { ...wording, templates, ofClass });
    expect(said("residential")).toMatchObject({ subject: "站点", text: "站点1,234.56元" });
    expect(said("shop")).toMatchObject({ subject: "站点", text: "商铺-1,234.56元" });
  });

  test("something of every kind in both languages, with every place filled", () => {
    const details = { days: 3, from: at, to: now.cutFrom, reason: "检修" };
    for (const language of languages)
      for (const kind of noticeKinds) {
        const said = worded({ ...final, kind, details }, { ...reader, language }, now, wording);
        expect(said.subject.length).toBeGreaterThan(3);
        expect(`${said.subject}${said.text}`).not.toMatch(/[{}]|undefined|\bNaN\b/);
        expect(said.text).toContain("1000000001");
      }
  });

  test("ours use no place that they do not have", () => {
    expect(complaintsAboutTemplates("ours", usualTemplates)).toEqual([]);
  });
});

test("numbers and addresses are shown with their middle left out, and struck out of what servers say", () => {
  expect([masked("13800000000"), masked("zhang@example.com"), masked("110")]).toEqual([
    "138••••0000",
    "z••••@example.com",
    "••••",
  ]);
  const words = struckOut("<A+b@example.com> and a+b@EXAMPLE.com, 1380000", { email: new Secret("a+b@example.com") });
  expect(words).toBe("<a••••@example.com> and a••••@example.com, 1380000");
});

describe("a site file", () => {
  const complaints = (more: object, env: Readonly<Record<string, string>> = {}): readonly string[] => {
    const site = {
      buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 2404 } }],
      meters: [{ address: "202611220001", account: "1000000001", bus: "tcp-1", model: "remote-ledger" }],
      ...more,
    } as SiteInput;
    try {
      buildConfig(site, { file: "/tmp/site.yaml", env });
    } catch (error) {
      if (isFault(error, "site-file-invalid")) return error.context["errors"] as string[];
      throw error;
    }
    return [];
  };
  const file = { name: "file", kind: "file", path: "notices.jsonl" };
  const hook = { name: "sms", kind: "webhook", url: "https://sms.example.com/n", secret: "env:SMS" };
  const env = { SMS: "drawn-by-chance-0000", SHORT: "short" };

  test.each([
    [{ policy: { notices: "required" } }, "policy.notices: required, and nothing can deliver one"],
    [{ classes: { shop: { policy: { notices: "required" } } } }, "classes.shop.policy.notices: required"],
    [
      { accounts: [{ account: "1000000001", policy: { notices: "required" } }] },
      "accounts[0].policy.notices: required, and nothing can deliver one",
    ],
    [{ notices: { channels: [file, { ...file, path: "b" }] } }, 'notices.channels[1].name: "file" stands already'],
    [{ notices: { channels: [{ ...hook, secret: "env:SHORT" }] } }, "notices.channels[0].secret: at least 16 letters"],
    [{ notices: { channels: [{ ...hook, secret: "env:NONE" }] } }, "notices.channels[0].secret: the environment variable NONE"],
    [{ notices: { channels: [{ ...hook, secret: "plain" }] } }, "notices.channels[0].secret: file:PATH or env:NAME"],
    [
      { notices: { channels: [{ ...hook, url: "https://a:b@sms.example.com" }] } },
      "notices.channels[0].url: without name and password",
    ],
    [
      { notices: { channels: [{ ...hook, url: "ftp://sms.example.com" }] } },
      "notices.channels[0].url: the address of the receiver",
    ],
    [
      { notices: { channels: [{ name: "m", kind: "smtp", host: "mx", from: "a@b.cn", user: "u" }] } },
      "notices.channels[0]: user and secret go together",
    ],
    [
      {
        notices: {
          channels: [{ name: "m", kind: "smtp", host: "mx", from: "a@b.cn", user: "u", secret: "env:SMS", tls: "none" }],
        },
      },
      "notices.channels[0].tls: a password is not sent in the clear",
    ],
    [
      { notices: { templates: { zh: { "notice-due": { text: "{balanse}" } } } } },
      "notices.templates.zh.notice-due.text: {balanse} is no place of it; there are: {account}",
    ],
    [
      { notices: { templates: { en: { cut: { subject: "from {cutFrom}" } } } } },
      "notices.templates.en.cut.subject: {cutFrom} is no place",
    ],
    [
      { classes: { shop: { notices: { zh: { cut: { text: "{" } } } } } },
      "classes.shop.notices.zh.cut.text: a brace stands alone",
    ],
    [{ notices: { templates: { fr: {} } } }, "notices.templates: unknown: fr"],
    [{ accounts: [{ account: "1000000001", email: "nobody" }] }, "accounts[0].email: an e-mail address"],
    [{ accounts: [{ account: "1000000001", language: "fr" }] }, 'accounts[0].language: must be one of "zh", "en"'],
  ] as const)("%j is refused by its path", (more, expected) => {
    const found = complaints(more, env);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  test("that asks for notices and names a channel is taken; an e-mail address is a contact", () => {
    const accounts = [{ account: "1000000001", email: "a@example.com", language: "en" as const }];
    const config = buildConfig(
      {
        ...{ buses: [], meters: [], accounts, policy: { notices: "required", contact: "required" } },
        notices: { channels: [{ ...hook, kind: "webhook", url: "http://sms.example.com/" }] },
      },
      { file: "/srv/site.yaml", env },
    );
    expect(config.accounts[0]).toMatchObject({ hasContact: true });
    expect(config.warnings.join()).toContain("notices.channels[0].url: customers' numbers leave this machine unencrypted");
    expect(JSON.stringify([...config.notices.contacts])).not.toContain("a@example.com");
    expect(config.notices.contacts.get(AccountId("1000000001"))).toMatchObject({ language: "en" });
  });
});
