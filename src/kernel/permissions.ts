/**
 * What the holder of a key may do beside looking, by name. A key that says nothing may do everything, as it always could; one that says
 * something may do that and nothing else. So front-line staff can repair at once and cannot cut: `may: [restore, desk]`.
 */
export const rights = {
  restore:
    "restore a supply (reconnect, arm), protect it and exempt an account from cuts for 24 hours at most, say that nobody is cut (no-cut)",
  desk: "take, hand over and close items, and write down what customers were told",
  cut: "cut a supply, end its protection, take orders back, say that nobody is cut and end that early",
  money: "take payments, give them back, correct accounts, decide what is disputed",
  configure: "everything else that changes something: meters, tariffs, clocks, exemptions, entries, modes",
  approve: "be the second person of an order that needs two",
} as const;

export type Right = keyof typeof rights;
export const rightNames = Object.keys(rights) as [Right, ...Right[]];
