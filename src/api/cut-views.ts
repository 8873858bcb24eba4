/** How what holds cuts back looks outside: stops, the brake, lists for two persons, the dry run. */
import { yuan } from "../kernel/money.ts";
import type { Instant } from "../kernel/clock.ts";
import { approvalLimit, brakeLimit, railsVersion, type GuardRails } from "../policy/guard-settings.ts";
import type { SiteFigures } from "../policy/guard-rails.ts";
import type { CutBatch, CutMember, Halt, Said } from "../policy/guard-store.ts";
import type { Preview, PreviewRow } from "../policy/cut-preview.ts";
import { haltWordsOf, wordsOf } from "../policy/words.ts";
import type { Views } from "./views.ts";

type View = Record<string, unknown>;

const momentOf = (at: Instant | null, views: Views): string | null => (at === null ? null : views.moment(at));
const saidView = (said: Said | null, views: Views): View | null =>
  said === null ? null : { by: said.by, at: views.moment(said.at), note: said.note };

export const haltView = (halt: Halt, views: Views): View => ({
  id: halt.id,
  kind: halt.kind,
  stands: halt.released === null,
  because: halt.because,
  says: haltWordsOf(halt.because),
  reason: halt.reason,
  figures: halt.figures,
  begunAt: views.moment(halt.begunAt),
  begunBy: halt.begunBy,
  release: { asked: saidView(halt.asked, views), released: saidView(halt.released, views) },
});

export const batchView = (batch: CutBatch, views: Views): View => ({
  id: batch.id,
  state: batch.state,
  proposedBy: batch.proposedBy,
  proposedAt: views.moment(batch.proposedAt),
  reason: batch.reason,
  first: batch.first === null ? null : { ...saidView(batch.first, views), raisesBrake: batch.first.raisesBrake },
  second: saidView(batch.second, views),
  raisesBrake: batch.raisesBrake,
  goodUntil: momentOf(batch.goodUntil, views),
  canary: batch.canary,
  version: batch.version,
  because: batch.because,
  says: batch.because === null ? null : haltWordsOf(batch.because),
  endedAt: momentOf(batch.endedAt, views),
  endedBy: batch.endedBy,
});

export const memberView = (member: CutMember, views: Views): View => ({
  meter: member.meter,
  account: member.account,
  line: member.line,
  state: member.state,
  canary: member.isCanary,
  because: member.because === null ? null : { code: member.because, ...wordsOf(member.because) },
  available: yuan(member.available),
  readAt: momentOf(member.readAt, views),
  noticedAt: momentOf(member.noticedAt, views),
  strategy: member.strategy,
  facts: member.facts,
  command: member.command,
});

export const wholeBatchView = (batch: CutBatch, members: readonly CutMember[], views: Views): View => {
  const counts = Object.fromEntries([...Map.groupBy(members, ({ state }) => state)].map(([state, of]) => [state, of.length]));
  return { ...batchView(batch, views), counts, members: members.map((member) => memberView(member, views)) };
};

export const railsView = (figures: SiteFigures, rails: GuardRails, views: Views): View => ({
  version: railsVersion(rails),
  settings: rails,
  meters: figures.meters,
  approvalAbove: approvalLimit(rails, figures.meters),
  brakeAbove: brakeLimit(rails, figures.meters),
  left: figures.left,
  failuresInARow: figures.failures,
  importedAt: rails.brake?.importHours == null ? null : momentOf(figures.importAt, views),
});

export const previewRowView = (row: PreviewRow, views: Views): View & { readonly held: readonly string[] } => ({
  meter: row.meter,
  account: row.account,
  class: row.class,
  line: row.line,
  due: row.due,
  stage: row.stage,
  available: yuan(row.available),
  owed: yuan(row.owed),
  held: row.held,
  says: row.held.map(wordsOf),
  noticedAt: momentOf(row.noticedAt, views),
  readAt: momentOf(row.readAt, views),
  since: momentOf(row.since, views),
  strategy: row.strategy,
});

export const previewView = (preview: Preview, views: Views): View => ({
  at: views.moment(preview.at),
  meters: preview.meters,
  due: preview.due,
  held: preview.held,
  owed: yuan(preview.owed),
  sharePercent: Math.round(preview.share * 10_000) / 100,
  needsApproval: preview.needsApproval,
  approvalAbove: preview.approvalLimit,
  brakeAbove: preview.brakeLimit,
  seconds: preview.seconds,
});
