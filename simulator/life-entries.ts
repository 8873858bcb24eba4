/** What is on every meter's agenda: first what looks back on the time that ends, then what begins anew. */
import type { Entry } from "./agenda.ts";
import type { Life } from "./life.ts";
import { setKinds } from "./tariff.ts";

export const entries: readonly Entry<Life>[] = [
  {
    nextAfter: ({ freezes }, shown) => freezes.nextHourAfter(shown),
    fall: ({ freezes }, due, now) => freezes.hour(due, now),
  },
  {
    nextAfter: ({ freezes }, shown) => freezes.nextDayAfter(shown),
    fall: ({ freezes }, due, now) => freezes.day(due, now),
  },
  {
    nextAfter: ({ freezes }, shown) => freezes.nextAppointedAfter(shown),
    fall: ({ freezes }, due, now) => freezes.appointed(due, now),
  },
  {
    nextAfter: ({ settlements }, shown) => settlements.nextAfter(shown),
    fall: (life, due) => life.settle(due),
  },
  {
    nextAfter: ({ settlements, tariff }, shown) => settlements.nextYearlyAfter(shown, tariff),
    fall: ({ settlements }) => settlements.settleYear(),
  },
  ...setKinds.map((kind): Entry<Life> => ({
    nextAfter: ({ tariff }) => tariff.switchAt[kind],
    fall: (life, due) => life.switch(kind, due),
  })),
  {
    nextAfter: ({ tariff }, shown) => tariff.nextSlotAfter(shown),
    fall: (life) => life.lookUpTariff(),
  },
];
