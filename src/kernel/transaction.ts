/** "These writes together or not at all", without naming a database. Stores take it as their first argument. */
declare const transaction: unique symbol;
export interface Transaction {
  readonly [transaction]: true;
}

export interface Transactor {
  /** Runs the work in one transaction; commits when it resolves, rolls back when it throws. */
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}
