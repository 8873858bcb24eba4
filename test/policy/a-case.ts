/** One account that owes one fen at ten in the morning of a Monday, and strategies by a few words. */
import { Instant, later, minutes } from "../../src/kernel/clock.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import type { Facts } from "../../src/policy/rules.ts";
import { saidIn, type PolicyRules } from "../../src/policy/policy-file.ts";
import { resolve } from "../../src/policy/resolve.ts";
import type { Strategy } from "../../src/policy/strategy.ts";

export const ZONE = "Asia/Shanghai";
export const now = Instant(Date.parse("2026-11-23T10:00:00+08:00"));
export const ago = (ms: number): Instant => later(now, -ms);

export const owing: Facts = {
  now,
  available: parseYuan("-0.01"),
  relay: "connected",
  order: "connect",
  cutBy: null,
  protectedSupply: false,
  identity: "confirmed",
  disputed: false,
  readAt: ago(minutes(1)),
  readingInDoubt: false,
  registerContradicted: false,
  exemptions: [],
  noCuts: [],
  hasContact: false,
  notice: null,
  paidAt: null,
  arrearsSince: null,
  meanDailyCost: null,
};

/** What a site file says for the site, and nothing else. */
export const strategyOf = (said: PolicyRules = {}, className = "residential", timeZone = ZONE): Strategy =>
  resolve(className, [{ from: "site", said: saidIn(said) }], timeZone).strategy;

export const usual = strategyOf();
