/** What is said to people, in the two languages of the house. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}
