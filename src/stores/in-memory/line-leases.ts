/** Leases of lines in memory, by the clock of the database. Each beat is one statement. */
import { later, type Instant } from "../../kernel/clock.ts";
import { LEASE_MS, type GatewayPresence, type Lease, type LeasePicture, type LineLeases } from "../../devices/line-leases.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Work } from "./table.ts";
import type { LeaseRow } from "./tables.ts";

export class InMemoryLineLeases implements LineLeases {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  enter({ holder, buses }: GatewayPresence): Promise<number | null> {
    const { gateways } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      let slot = 1;
      while (this.#lives(gateways.find(on, String(slot)))) slot += 1;
      let entered: number | null = null;
      await gateways.upsert(on, String(slot), (row) => {
        if (this.#lives(row)) return null; // somebody was quicker
        entered = slot;
        return { slot, holder, buses: [...buses], expiresAt: this.#until() };
      });
      return entered;
    });
  }

  renew({ holder, buses }: GatewayPresence): Promise<LeasePicture> {
    const { gateways, leases } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      const here = (row: { holder: string | null }): boolean => row.holder === holder;
      const held = (row: LeaseRow): boolean => here(row) && row.expiresAt > this.#db.now();
      for (const row of await gateways.lockAll(on, gateways.all(on).filter(here), here))
        await gateways.update(on, { ...row, expiresAt: this.#until() });
      for (const row of await leases.lockAll(on, leases.all(on).filter(held), held))
        await leases.update(on, { ...row, expiresAt: this.#until() });
      return this.#picture(on, buses);
    });
  }

  look({ buses }: GatewayPresence): Promise<LeasePicture> {
    return this.#db.look(null, (on) => this.#picture(on, buses));
  }

  /** In one order for everybody, so that two who take at once wait for each other and do not lock each other out. */
  take(holder: string, buses: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const { leases } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      const got = new Map<string, bigint>();
      for (const bus of [...buses].sort())
        await leases.upsert(on, bus, (row) => {
          if (row !== undefined && row.holder !== null && row.expiresAt > this.#db.now()) return null;
          const fencing = (row?.fencing ?? 0n) + 1n;
          got.set(bus, fencing);
          return { bus, holder, fencing, expiresAt: this.#until() };
        });
      return got;
    });
  }

  release(holder: string, back: ReadonlyMap<string, bigint>): Promise<void> {
    return this.#giveBack((row) => row.holder === holder && row.fencing === back.get(row.bus));
  }

  async leave(holder: string): Promise<void> {
    await this.#giveBack(
      (row) => row.holder === holder,
      (presence) => presence === holder,
    );
  }

  async clear(): Promise<void> {
    await this.#giveBack(
      (row) => row.holder !== null,
      () => true,
    );
  }

  #giveBack(fits: (row: LeaseRow) => boolean, goes: (holder: string) => boolean = () => false): Promise<void> {
    const { gateways, leases } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      const gone = ({ holder }: { holder: string }): boolean => goes(holder);
      for (const row of await gateways.lockAll(on, gateways.all(on).filter(gone), gone, "update")) gateways.remove(on, row);
      for (const row of await leases.lockAll(on, leases.all(on).filter(fits), fits))
        await leases.update(on, { ...row, holder: null });
    });
  }

  #picture(on: Work | null, buses: readonly string[]): LeasePicture {
    const { gateways, leases } = this.#db.books;
    const living = gateways.all(on).filter((row) => this.#lives(row));
    return {
      gateways: living
        .map(({ holder, buses: theirs }) => ({ holder, buses: theirs }))
        .sort((a, b) => (a.holder < b.holder ? -1 : 1)),
      leases: new Map(
        buses.flatMap((bus): [string, Lease][] => {
          const row = leases.find(on, bus);
          if (row === undefined) return [];
          return [[bus, { holder: row.expiresAt > this.#db.now() ? row.holder : null, fencing: row.fencing }]];
        }),
      ),
    };
  }

  #lives(row: { expiresAt: Instant } | undefined): boolean {
    return row !== undefined && row.expiresAt > this.#db.now();
  }

  #until(): Instant {
    return later(this.#db.now(), LEASE_MS);
  }
}
