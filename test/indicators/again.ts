/**
 * The indicators computed a second time, from exported CSV and the definitions of docs/indicators.md alone, by somebody who has never seen
 * the room: nothing of src is used here. Written with loops, on purpose: what is shared is trusted twice.
 */
export interface Again {
  value: number | null;
  numerator: number | null;
  denominator: number | null;
}

type Line = Record<string, string>;

/** CSV by the book: quoted cells, doubled quotes, line ends inside. */
export function linesOf(csv: string): Line[] {
  const table: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let inQuotes = false;
  for (let i = 0; i < csv.length; i += 1) {
    const c = csv[i]!;
    if (inQuotes && c === '"' && csv[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (c === '"') inQuotes = !inQuotes;
    else if (c === "," && !inQuotes) {
      row.push(cell);
      cell = "";
    } else if (c === "\n" && !inQuotes) {
      row.push(cell.endsWith("\r") ? cell.slice(0, -1) : cell);
      table.push(row);
      row = [];
      cell = "";
    } else cell += c;
  }
  const [names, ...rest] = table;
  return rest.map((cells) => Object.fromEntries(names!.map((name, n) => [name, cells[n]!])));
}

const ms = (text: string): number => new Date(text).valueOf();
const minutesFrom = (a: string, b: string): number => (ms(b) - ms(a)) / 60_000;

function ratio(lines: Line[], counts: (l: Line) => boolean, meant: (l: Line) => boolean): Again {
  let numerator = 0;
  let denominator = 0;
  for (const line of lines) {
    if (!counts(line)) continue;
    denominator += 1;
    if (meant(line)) numerator += 1;
  }
  const cut = denominator === 0 ? null : Math.floor((numerator * 10_000) / denominator) / 10_000;
  return { value: cut, numerator, denominator };
}

function howMany(lines: Line[], counts: (l: Line) => boolean, meant: (l: Line) => boolean): Again {
  const { numerator, denominator } = ratio(lines, counts, meant);
  return { value: numerator, numerator, denominator };
}

function wait(lines: Line[], place: number): Again {
  const times: number[] = [];
  for (const l of lines)
    if (l["cut_by"] === "rule" && l["restore_asked_at"] && l["powered_at"]) times.push(ms(l["powered_at"]) - ms(l["paid_at"]!));
  times.sort((a, b) => a - b);
  const n = times.length;
  const found = n === 0 ? null : times[Math.ceil(n * place) - 1]! / 1_000;
  return { value: found, numerator: null, denominator: n };
}

const owed = (l: Line): boolean => l["cut_by"] === "rule" && l["restore_asked_at"] !== "";
const waited = (seconds: number) => (l: Line) => ms(l["powered_at"] || l["as_of"]!) - ms(l["paid_at"]!) > seconds * 1_000;
const ordered =
  (...kinds: string[]) =>
  (l: Line) =>
    kinds.includes(l["kind"]!) &&
    l["sent_at"] !== "" &&
    l["ended_at"] !== "" &&
    l["because"] !== "superseded" &&
    l["because"] !== "order-gone";
const overdue = (hours: number) => (l: Line) => minutesFrom(l["warned_at"]!, l["as_of"]!) >= hours * 60;
const payers = (hours: number) => (l: Line) => {
  if (!l["paid_at"] || minutesFrom(l["warned_at"]!, l["paid_at"]) > hours * 60) return false;
  return !l["cut_at"] || ms(l["paid_at"]) < ms(l["cut_at"]);
};
function wrongly(l: Line): boolean {
  if (l["in_credit"] === "yes" || l["exemption"] || l["window"] || l["contradicted_at"] || l["quarantined_at"] || l["incident"])
    return true;
  if (l["notice_minutes"]) {
    if (!l["notice_delivered_at"]) return true;
    if (minutesFrom(l["notice_delivered_at"], l["sent_at"]!) < Number(l["notice_minutes"])) return true;
  }
  return Boolean(
    l["register_then"] && l["register_taken_back_to"] && Number(l["register_taken_back_to"]) < Number(l["register_then"]),
  );
}
const everyLine = (): boolean => true;

/** By the name of the indicator. */
export function computedAgain(name: string, lines: Line[]): Again {
  switch (name) {
    case "collection-rate":
      return ratio(lines, everyLine, (l) => l["state"] === "collected");
    case "collection-same-day":
      return ratio(lines, everyLine, (l) => l["state"] === "collected" && l["same_day"] === "yes");
    case "cuts-verified":
      return ratio(lines, ordered("disconnect", "disconnect-for"), (l) => l["state"] === "confirmed");
    case "restores-verified":
      return ratio(lines, ordered("reconnect", "arm"), (l) => l["state"] === "confirmed");
    case "power-after-payment-p50":
      return wait(lines, 0.5);
    case "power-after-payment-p95":
      return wait(lines, 0.95);
    case "power-after-payment-max":
      return wait(lines, 1);
    case "power-after-30-s":
      return howMany(lines, owed, waited(30));
    case "power-after-5-min":
      return howMany(lines, owed, waited(300));
    case "power-after-15-min":
      return howMany(lines, owed, waited(900));
    case "warned-paid-24-h":
      return ratio(lines, overdue(24), payers(24));
    case "warned-paid-72-h":
      return ratio(lines, overdue(72), payers(72));
    case "false-cuts":
      return howMany(lines, everyLine, wrongly);
    case "unverified-now":
      return howMany(lines, everyLine, (l) => minutesFrom(l["sent_at"]!, l["as_of"]!) > 15);
    case "unverified-at-day-end":
      return howMany(lines, everyLine, (l) => minutesFrom(l["sent_at"]!, l["day_end"]!) > 15);
    case "top-ups-in-doubt-at-day-end":
      return howMany(
        lines,
        (l) => l["effect"] === "adds",
        (l) => minutesFrom(l["sent_at"]!, l["day_end"]!) > 1,
      );
    case "mac-failures":
      return howMany(lines, everyLine, (l) => l["fault"] === "mac-refused");
    case "meters-suspended": {
      const refusals: Record<string, number> = {};
      for (const l of lines) {
        const which = `${l["meter"]}/${l["day"]}`;
        refusals[which] = (refusals[which] ?? 0) + (l["fault"] === "security-suspended" ? 2 : 1);
      }
      const n = Object.values(refusals).filter((count) => count > 1).length;
      return { value: n, numerator: n, denominator: null };
    }
    case "clocks-within-10-s":
      return ratio(lines, everyLine, (l) => Math.abs(Number(l["ahead_ms"])) <= 10_000);
    case "clocks-within-30-s":
      return ratio(lines, everyLine, (l) => Math.abs(Number(l["ahead_ms"])) <= 30_000);
    case "clocks-within-5-min":
      return ratio(lines, everyLine, (l) => Math.abs(Number(l["ahead_ms"])) <= 300_000);
    case "meters-quarantined":
      return howMany(lines, everyLine, (l) => l["identity"] === "quarantined");
    default:
      throw new Error(`nobody has computed ${name} again yet`);
  }
}
