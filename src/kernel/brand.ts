/** Nominal types over strings and numbers: what is parsed once at the door is not checked again inside the house. */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
