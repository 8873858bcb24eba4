/**
 * What the holder of a key may do beside looking, by name. A key that says nothing may do everything, as it always could; one that says
 * something may do that and nothing else. So front-line staff can repair at once and cannot cut: `may: [restore, desk]`.
 */
export const rights = {
  restore:
    "restore a supply (reconnect, arm), protect it and exempt an account from cuts for 24 hours at most, say that nobody is cut (no-cut), decline a list of cuts, press the emergency stop",
  desk: "take, hand over and close items, write down what customers were told, have a notice tried again",
  cut: "cut a supply, end its protection, take orders back, decline a list of cuts, press the emergency stop, say that nobody is cut and end that early",
  money: "take payments, give them back, correct accounts, decide what is disputed, say that all payments are in",
  configure:
    "everything else that changes something: meters, tariffs, clocks, exemptions, entries, modes; press the emergency stop",
  approve:
    "be one of the two persons of an order, of a list of cuts, or of the release of a stop or brake; say that nobody is cut",
} as const;

export type Right = keyof typeof rights;
export const rightNames = Object.keys(rights) as [Right, ...Right[]];
