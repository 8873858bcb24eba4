/** Site, class, account: whose word holds, and that it is told whose it was. */
import { describe, expect, test } from "vitest";
import { buildConfig, type Config } from "../../src/config.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { strategiesOf } from "../../src/policy/policy-config.ts";
import { sentenceOf, type Resolved } from "../../src/policy/resolve.ts";
import type { SiteInput } from "../../src/site-file.ts";

const site = (more: Partial<SiteInput>): SiteInput => ({
  buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 2404 } }],
  meters: [{ address: "202611220001", account: "1000000001", bus: "tcp-1", model: "remote-ledger" }],
  notices: { channels: [{ name: "file", kind: "file", path: "notices.jsonl" }] }, // whoever asks for notices has something to send them by
  ...more,
});
const config = (more: Partial<SiteInput>): Config => buildConfig(site(more), { file: "site.yaml", env: {} });
const complaints = (more: Partial<SiteInput>): readonly string[] => {
  try {
    config(more);
  } catch (error) {
    if (isFault(error, "site-file-invalid")) return error.context["errors"] as string[];
    throw error;
  }
  return [];
};
const resolved = (more: Partial<SiteInput>, className = "residential", account = "1000000001"): Resolved =>
  strategiesOf(config(more)).of(AccountId(account), className);
const sentence = (of: Resolved, rule: string): string => sentenceOf(of.origins.find((one) => one.rule === rule)!);

describe("whose word holds", () => {
  const layered: Partial<SiteInput> = {
    policy: { warn1: "50.00", graceDays: 1, noCut: { holidays: ["2026-10-01"] } },
    classes: {
      "non-residential": { policy: { warn1: "300.00", notices: "required", noCut: { holidays: ["2026-10-02"], hours: "" } } },
    },
    accounts: [
      { account: "1000000001", class: "non-residential", policy: { graceDays: 3, noCut: { holidays: ["2026-10-03"] } } },
    ],
  };

  test("nobody's: what is usual, of the class where it differs by class", () => {
    expect(sentence(resolved({}), "warn1")).toBe("warn1 = 30.00 from default of class residential");
    expect(sentence(resolved({}, "non-residential"), "warn1")).toBe("warn1 = 200.00 from default of class non-residential");
    expect(sentence(resolved({}, "key"), "warn2")).toBe("warn2 = none from default of class key");
    expect(sentence(resolved({}), "notices")).toBe("notices = off from default");
    expect(sentence(resolved({}), "noCut.holidays")).toBe("noCut.holidays = none from default");
  });

  test("the site's, then the class's, then the account's", () => {
    expect(sentence(resolved(layered), "warn1")).toBe("warn1 = 50.00 from site");
    const own = resolved(layered, "non-residential");
    expect(sentence(own, "warn1")).toBe("warn1 = 300.00 from class non-residential");
    expect(sentence(own, "graceDays")).toBe("graceDays = 3 from account 1000000001");
    expect(sentence(own, "noCut.hours")).toBe("noCut.hours = none from class non-residential");
    expect(sentence(resolved(layered, "non-residential", "1000000002"), "graceDays")).toBe("graceDays = 1 from site");
  });

  test("holidays add up: nobody loses one by being given another", () => {
    const own = resolved(layered, "non-residential");
    expect(own.rules["noCut.holidays"]).toEqual(["2026-10-01", "2026-10-02", "2026-10-03"]);
    expect(sentence(own, "noCut.holidays")).toContain("from site, class non-residential, account 1000000001");
  });

  test("the same rules are the same version, whoever said them; others are another", () => {
    const bySite = resolved({ policy: { graceDays: 2 } }).strategy.version;
    const byAccount = resolved({ accounts: [{ account: "1000000001", policy: { graceDays: 2 } }] }).strategy.version;
    expect(byAccount).toBe(bySite);
    expect(resolved({ policy: { graceDays: 3 } }).strategy.version).not.toBe(bySite);
    expect(bySite).toMatch(/^[0-9a-f]{16}$/);
  });

  test("accounts without words of their own share one strategy, so that a calendar is looked at once for all of them", () => {
    const strategies = strategiesOf(config(layered));
    const [one, other] = ["7", "8"].map((account) => strategies.of(AccountId(account), "key").strategy);
    expect(one).toBe(other);
    expect(strategies.scopes(() => "non-residential").map(({ scope }) => scope)).toEqual([
      "site",
      "class non-residential",
      "account 1000000001",
    ]);
  });
});

describe("the site file", () => {
  test("its old form means what it meant: nothing new holds a cut back", () => {
    const old: SiteInput["policy"] = {
      ...{ mode: "live", restoreBy: "reconnect", cutBelow: "-1.00" },
      noCut: { hours: "22:00-06:00", weekends: false, holidays: [] },
    };
    const { rules } = resolved({ policy: old });
    expect(rules).toMatchObject({ ...{ mode: "live", restoreBy: "reconnect", cutBelow: "-1.00" }, "noCut.hours": "22:00-06:00" });
    expect(rules).toMatchObject({
      notices: "off",
      graceDays: 0,
      contact: "off",
      protected: false,
      stagger: null,
      conversion: null,
      overdraft: "0.00",
    });
    expect(config({ policy: old }).policy).toMatchObject({ mode: "live", cutBelow: -100n, noCut: { hours: "22:00-06:00" } });
  });

  test("short words have their usual numbers", () => {
    const { rules } = resolved({ policy: { stagger: {}, conversion: { day: "2026-11-01" } } });
    expect(rules.stagger).toEqual({ seconds: 10, perMinute: 10 });
    expect(rules.conversion).toEqual({ day: "2026-11-01", days: 30 });
  });

  test.each([
    [{ policy: { warn1: "5.00", warn2: "30.00" } }, /^policy\.warn2: .*lower/],
    [{ policy: { warn2: "30.01" } }, /^policy\.warn2: /], // the usual first one is 30.00
    [
      { classes: { shop: { policy: { notices: "required", noticeDays: 3, graceDays: 3 } } } },
      /^classes\.shop\.policy\.noticeDays: .*nobody could ever be cut/,
    ],
    [
      { accounts: [{ account: "1000000001", policy: { notices: "required", noticeMinutes: 20_000 } }] },
      /^accounts\[0\]\.policy\.noticeDays: /,
    ],
    [{ policy: { noCut: { holidays: ["2026-02-30"] } } }, /^policy\.noCut\.holidays\[0\].*no such day/],
    [{ policy: { overdraft: "-5.00" } }, /^policy\.overdraft.*without a minus/],
    [
      {
        policy: { noCut: { maintenance: [{ from: "2026-12-01T09:00:00+08:00", to: "2026-12-01T08:00:00+08:00", reason: "x" }] } },
      },
      /maintenance\[0\]\.to.*after from/,
    ],
    [{ accounts: [{ account: "1000000001", policy: { cut: true } as never }] }, /^accounts\[0\]\.policy.*unknown: cut/],
  ] as readonly [Partial<SiteInput>, RegExp][])("%j is refused by its path", (more, expected) => {
    expect(complaints(more)).toEqual([expect.stringMatching(expected)]);
  });

  test("an account's own way to restore has to be one that its meter knows", () => {
    const breaker = { address: "202611220001", account: "1000000001", bus: "tcp-1", model: "remote-ledger" } as const;
    expect(complaints({ meters: [breaker], classes: { residential: { policy: { restoreBy: "reconnect" } } } })).toEqual([]);
  });

  test("a contact is not kept, only that there is one", () => {
    const { accounts } = config({ accounts: [{ account: "1000000001", contact: "13800000000" }] });
    expect(accounts[0]).toMatchObject({ hasContact: true });
    expect(JSON.stringify(accounts)).not.toContain("138000");
  });
});
