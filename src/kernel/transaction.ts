/** "These writes together or not at all", without naming a database. Stores take it as their first argument. */
declare const transaction: unique symbol;
export interface Transaction {
  readonly [transaction]: true;
}

/** What the audit writes beside every change of a transaction. */
export interface Authorship {
  /** Who does it: the name of an API key, "rules" …; left out, the gateway itself. */
  readonly actor?: string;
  /** Why; left out, what the changed row itself says. */
  readonly because?: string;
}

export interface Transactor {
  /** Runs the work in one transaction; commits when it resolves, rolls back when it throws. */
  transact<T>(work: (tx: Transaction) => Promise<T>, by?: Authorship): Promise<T>;
}
