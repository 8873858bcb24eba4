/** `meterctl doctor --link …`: what a line sounds like, what is wrong with it, and what to do. Listens and reads; changes nothing. */
import { examineLine } from "../devices/examine-line.ts";
import { isMqtt, parseLink } from "../devices/link-url.ts";
import { judgeLine, type LineFinding } from "../devices/line-findings.ts";
import { systemClock } from "../kernel/clock.ts";
import type { Language } from "../protocols/dlt645/index.ts";
import { doctorBroker } from "./doctor-broker.ts";
import { openProbe } from "./line-options.ts";

export interface LineWish {
  readonly link: string;
  readonly address?: string | undefined;
  readonly tryOthers: boolean;
  readonly waitMs?: number | undefined;
  readonly listenMs?: number | undefined;
  readonly timeZone?: string | undefined;
  readonly progress: (line: string) => void;
}

export async function doctorLine(wish: LineWish): Promise<readonly LineFinding<string>[]> {
  const target = parseLink(wish.link);
  if (isMqtt(target)) return doctorBroker(wish, target);
  const { link, address, waitMs, listenMs, timeZone, progress } = wish;
  let open = await openProbe(link, waitMs);
  try {
    const evidence = await examineLine({
      probe: open.probe,
      clock: systemClock,
      settings: open.link.settings,
      address,
      say: progress,
      ...(listenMs === undefined ? {} : { listenMs }),
      ...(timeZone === undefined ? {} : { timeZone }),
      // A port has one opener at a time: the others wait until the first has let go, and it is not needed again.
      tryWith: wish.tryOthers
        ? async (settings, question) => {
            await open.close();
            open = await openProbe(link, waitMs, settings);
            return open.probe.ask(question);
          }
        : undefined,
    });
    return judgeLine(evidence);
  } finally {
    await open.close();
  }
}

const MARK = { good: "ok  ", hint: "note", bad: "BAD " } as const;

export const printLineFindings = (findings: readonly LineFinding<string>[], language: Language): string =>
  findings
    .map(({ code, grade, found, next }) =>
      [
        `${MARK[grade]} ${code.padEnd(18)} ${found[language]}`,
        ...(next === null || grade === "good" ? [] : [`${" ".repeat(23)} → ${next[language]}`]),
      ].join("\n"),
    )
    .join("\n");
