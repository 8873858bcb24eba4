/** A row of filters, each with how many it would leave: counts and choice in one line. */

export interface FilterChoice<Name extends string> {
  readonly name: Name;
  readonly title: string;
  readonly count: number;
}

interface Props<Name extends string> {
  readonly label: string;
  readonly choices: readonly FilterChoice<Name>[];
  readonly chosen: Name;
  readonly choose: (name: Name) => void;
}

export function FilterRow<Name extends string>({ label, choices, chosen, choose }: Props<Name>) {
  return (
    <div className="filters" role="group" aria-label={label}>
      {choices.map(({ name, title, count }) => (
        <button
          key={name}
          type="button"
          className={`filter filter-${name}`}
          aria-pressed={name === chosen}
          data-count={count}
          onClick={() => choose(name)}
        >
          {title} <b>{count}</b>
        </button>
      ))}
    </div>
  );
}
