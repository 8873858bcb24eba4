/** How the rules look outside: every code with its sentence in both languages, every moment and amount as everywhere. */
import type { z } from "zod";
import { Instant } from "../kernel/clock.ts";
import { CentiKwh, kwh } from "../kernel/energy.ts";
import { yuan } from "../kernel/money.ts";
import type { Command } from "../commands/command.ts";
import type { Position } from "../ledger/ledger.ts";
import { exemptionTable, holds, type Exemption } from "../policy/exemptions.ts";
import type { KeptDecision, Notice } from "../policy/policy-store.ts";
import { sentenceOf } from "../policy/resolve.ts";
import { ruleTable } from "../policy/strategy.ts";
import type { OpenDoubt, Why } from "../policy/why.ts";
import { stageWords, wordsOf } from "../policy/words.ts";
import { doubts, isDoubt, isWait, waits, type Words } from "../validation/doubts.ts";
import type { exemption, why as whyShape } from "./account-shapes.ts";
import { noCutView } from "./no-cut-views.ts";
import type { Views } from "./views.ts";

type WhyView = z.output<typeof whyShape>;

export const exemptionView = (one: Exemption, now: Instant, views: Views): z.output<typeof exemption> => ({
  id: one.id,
  account: one.account,
  kind: one.kind,
  title: { en: exemptionTable[one.kind].en, zh: exemptionTable[one.kind].zh },
  from: views.moment(one.from),
  until: views.moment(one.until),
  holds: holds(one, now),
  reason: one.reason,
  madeBy: one.madeBy,
  endedAt: one.endedAt === null ? null : views.moment(one.endedAt),
  endedBy: one.endedBy,
});

export function whyView(why: Why, position: Position, views: Views): WhyView {
  const { at, account, resolved, now, reading, doubted } = why;
  const { strategy, origins } = resolved;
  return {
    account: account.account,
    name: account.name,
    class: account.class,
    mode: account.mode,
    meter: account.meter,
    at: views.moment(at),
    answer: why.answer,
    decision:
      now === null
        ? null
        : {
            want: now.decision.want,
            because: { code: now.decision.because, ...(why.words.get(now.decision.because) ?? wordsOf(now.decision.because)) },
            stage: { code: now.decision.stage, ...stageWords[now.decision.stage] },
            nextAt: now.decision.nextAt === null ? null : views.moment(now.decision.nextAt),
          },
    blocks: why.blocks.map((code) => ({ code, ...(why.words.get(code) ?? wordsOf(code)) })),
    balance: { available: yuan(position.available), held: yuan(position.held), cutBelow: yuan(strategy.cutAt) },
    relay: now === null ? null : { reported: now.picture.relay, order: now.picture.order, cutBy: now.picture.cutBy },
    // the newest that is believed: what is not stands beside it
    reading: reading === null ? null : { ...views.reading(reading), validated: true, charged: reading.charged },
    doubted: doubted === null ? null : doubtView(doubted, views),
    paidAt: now?.facts.paidAt == null ? null : views.moment(now.facts.paidAt),
    notices: why.notices.map((notice) => noticeView(notice, views)),
    exemptions: why.exemptions.map((one) => exemptionView(one, at, views)),
    noCuts: why.noCuts.map((one) => noCutView(one, at, views)),
    approvals: [
      ...why.commands.filter(({ approval }) => approval != null).map((command) => approvalView(command, views)),
      ...why.lists.map((one) => listApprovalView(one, views)),
    ],
    strategy: {
      version: strategy.version,
      rules: origins.map((rule) => ({
        ...rule,
        text: sentenceOf(rule),
        title: { en: ruleTable[rule.rule].en, zh: ruleTable[rule.rule].zh },
      })),
    },
    decisions: why.decisions.map((decision) => decisionView(decision, views)),
    commands: why.commands.map((command) => commandView(command, views)),
  };
}

const doubtView = ({ doubt, item, register, takenAt, source, times }: OpenDoubt, views: Views): WhyView["doubted"] => ({
  item,
  value: register === null ? null : kwh(CentiKwh(register)),
  unit: "kWh",
  takenAt: views.moment(takenAt),
  source,
  times,
  why: { code: doubt, ...wordsOfDoubt(doubt) },
});

const wordsOfDoubt = (doubt: string): Words => {
  if (isDoubt(doubt)) return doubts[doubt];
  return isWait(doubt) ? waits[doubt] : { en: doubt, zh: doubt };
};

const noticeView = (
  { at, stage, delivered, available, state, because, channel }: Notice,
  views: Views,
): WhyView["notices"][number] => ({
  at: views.moment(at),
  stage,
  delivered: delivered === null ? null : views.moment(delivered),
  available: yuan(available),
  ...{ state: state ?? null, because: because ?? null, channel: channel ?? null },
});

const approvalView = ({ id, kind, askedByName, approval }: Command, views: Views): WhyView["approvals"][number] => ({
  command: id,
  kind,
  askedBy: askedByName ?? null,
  by: approval?.by ?? null,
  at: approval?.at == null ? null : views.moment(approval.at),
  note: approval?.note ?? null,
});

/** It stood on a list that two persons approved. */
const listApprovalView = ({ command, batch }: Why["lists"][number], views: Views): WhyView["approvals"][number] => ({
  command: command.id,
  kind: command.kind,
  batch: batch.id,
  askedBy: batch.first?.by ?? null,
  by: batch.second?.by ?? null,
  at: batch.second === null ? null : views.moment(batch.second.at),
  note: batch.second?.note ?? null,
});

const commandView = (command: Command, views: Views): WhyView["commands"][number] => {
  const { attempts: _, receipt: _receipt, ...rest } = views.command(command);
  return { ...rest, frames: `/v1/commands/${command.id}`, receipt: `/v1/commands/${command.id}/receipt` };
};

const decisionView = (
  { at, stage, want, because, blocks, nextAt, strategy, shadow, facts, command }: KeptDecision,
  views: Views,
): WhyView["decisions"][number] => ({
  at: views.moment(at),
  want,
  because: { code: because, ...wordsOf(because) },
  stage: { code: stage, ...stageWords[stage] },
  blocks: blocks.map((code) => ({ code, ...wordsOf(code) })),
  nextAt: nextAt === null ? null : views.moment(nextAt),
  strategy,
  shadow,
  facts: readable(facts, views),
  command,
});

const MOMENTS: ReadonlySet<string> = new Set(["at", "readAt", "paidAt", "arrearsSince", "from", "until", "deliveredAt"]);

/** As they were kept, with moments as people read them. */
function readable(kept: unknown, views: Views): unknown {
  if (Array.isArray(kept)) return kept.map((one) => readable(one, views));
  if (typeof kept !== "object" || kept === null) return kept;
  return Object.fromEntries(
    Object.entries(kept).map(([name, value]) => [
      name,
      MOMENTS.has(name) && typeof value === "number" ? views.moment(Instant(value)) : readable(value, views),
    ]),
  );
}
