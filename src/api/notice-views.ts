/** Notices as they look outside. Numbers and addresses of people with their middle left out: nobody at this door needs more. */
import { yuan } from "../kernel/money.ts";
import { becauseOf, kindTable } from "../notices/kinds.ts";
import type { NoticeAttempt, NoticeRecord } from "../notices/notice.ts";
import type { Views } from "./views.ts";

export const noticeView = (notice: NoticeRecord, reach: Readonly<Record<string, string>>, views: Views) => ({
  id: notice.id,
  account: notice.account,
  meter: notice.meter,
  kind: notice.kind,
  title: { en: kindTable[notice.kind].en, zh: kindTable[notice.kind].zh },
  at: views.moment(notice.at),
  balance: notice.once === null ? yuan(notice.available) : null,
  state: notice.state,
  because: notice.because === null ? null : { code: notice.because, ...becauseOf(notice.because) },
  delivered: notice.delivered === null ? null : views.moment(notice.delivered),
  channel: notice.channel,
  reach: { ...reach },
  said: notice.said,
  tries: notice.tries,
  nextAt: notice.nextAt === null ? null : views.moment(notice.nextAt),
  notAfter: views.moment(notice.notAfter),
});

export const attemptView = ({ number, at, channel, outcome, words }: NoticeAttempt, views: Views) => ({
  ...{ number, at: views.moment(at), channel, outcome, words },
});
