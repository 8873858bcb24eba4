/**
 * A notice as it is sent in this moment: whether it is still so is looked up again, and what it says of moments is by the rules of now. Also
 * of a retry, so nobody reads at noon that he may be cut from ten o'clock on.
 */
import type { Clock } from "../kernel/clock.ts";
import type { MeterStore } from "../commands/command-store.ts";
import { factsOf } from "../policy/facts.ts";
import type { NoCutsInForce } from "../policy/no-cuts-in-force.ts";
import type { PolicyStore } from "../policy/policy-store.ts";
import { decide } from "../policy/rules.ts";
import type { Look } from "../policy/standing.ts";
import type { Strategies } from "../policy/strategies.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { ContactBook } from "./contacts.ts";
import type { Draft } from "./courier.ts";
import { FINAL, outageKinds } from "./kinds.ts";
import type { NoticeRecord } from "./notice.ts";
import type { Language } from "./templates.ts";
import { cutFrom, whyNotSo } from "./telling.ts";
import { worded, type ByTheRules, type Wording } from "./wording.ts";

export interface DraftParts {
  readonly policy: Pick<PolicyStore, "remoteMeter">;
  readonly meters: Pick<MeterStore, "account">;
  readonly strategies: Strategies;
  readonly noCuts: Pick<NoCutsInForce, "open" | "outagesAt">;
  readonly contacts: ContactBook;
  readonly wording: Wording;
  readonly language: Language;
  readonly clock: Clock;
}

const outages: ReadonlySet<string> = new Set(outageKinds);
/** The account or its meter is not what it was. */
const GONE = { whyNot: "no-longer-so" } as const;

export class Drafts {
  readonly #parts: DraftParts;

  constructor(parts: DraftParts) {
    this.#parts = parts;
  }

  /** What the rules say of a meter now; inside a transaction its row is locked. */
  async look(tx: Transaction | null, meter: MeterAddress): Promise<Look | null> {
    const { policy, strategies, clock } = this.#parts;
    const picture = await policy.remoteMeter(tx, meter);
    if (picture === null) return null;
    const { strategy } = strategies.of(picture.account, picture.class);
    const facts = factsOf(picture, clock.now(), strategies.timeZone, strategies.hasContact(picture.account));
    return { picture, facts, strategy, decision: decide(facts, strategy) };
  }

  async of(notice: NoticeRecord): Promise<Draft> {
    const { meters, strategies, noCuts, contacts, wording, clock } = this.#parts;
    const { account, kind, id, available } = notice;
    const book = await meters.account(null, account);
    if (book === null) return GONE;
    const at = clock.now();
    let said: ByTheRules = { cutFrom: null, limit: null };
    if (outages.has(kind)) {
      const said = book.meter === null ? [] : noCuts.outagesAt(await noCuts.open(null), book.meter, book.class);
      const planned = [
        ...strategies.of(account, book.class).strategy.calendar.noCut.maintenance,
        ...said.map(({ from, until: to }) => ({ from, to })),
      ];
      if (!planned.some((one) => one.from === notice.details.from && one.to === notice.details.to)) return GONE;
    } else {
      const look = notice.meter === null ? null : await this.look(null, notice.meter);
      if (look?.picture.account !== account) return GONE;
      const whyNot = whyNotSo(notice, look);
      if (whyNot !== null) return { whyNot };
      said = { cutFrom: kind === FINAL ? cutFrom(look, at) : null, limit: look.strategy.cutAt };
    }
    const { contact = {}, language = this.#parts.language } = contacts.get(account) ?? {};
    const reader = { name: book.name === "" ? account : book.name, class: book.class, language };
    const words = worded(notice, reader, said, wording);
    return {
      message: {
        ...{ ...words, id, kind, account, name: reader.name, class: reader.class, at, contact },
        ...{ available: outages.has(kind) ? null : available, cutFrom: said.cutFrom },
      },
    };
  }
}
