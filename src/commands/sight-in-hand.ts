/**
 * A relay that was just seen, until it stands in the books. Mostly by itself and at once; where the registers are read in the same breath and
 * written anyway, the one transaction takes both along. It is a sight and no promise: whoever dies in between looks again.
 */
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { RelayPicture } from "../devices/meter.ts";

export class SightInHand {
  readonly #transactor: Transactor;
  readonly #keep: (tx: Transaction, picture: RelayPicture) => Promise<void>;
  #pictures: readonly RelayPicture[] = [];

  constructor(transactor: Transactor, keep: (tx: Transaction, picture: RelayPicture) => Promise<void>) {
    this.#transactor = transactor;
    this.#keep = keep;
  }

  see(picture: RelayPicture): void {
    this.#pictures = [...this.#pictures, picture];
  }

  /** Into a transaction that is made anyway. It may be run again, so what was seen is in hand until `kept`. */
  readonly write = async (tx: Transaction): Promise<void> => {
    for (const picture of this.#pictures) await this.#keep(tx, picture);
  };

  kept(): void {
    this.#pictures = [];
  }

  /** What is still in hand, in a transaction of its own. */
  async settle(): Promise<void> {
    if (this.#pictures.length === 0) return;
    await this.#transactor.transact(this.write);
    this.kept();
  }
}
