/** The sign of the house: an open contact between two wires. */
export function Brand() {
  return (
    <svg className="brand" viewBox="0 0 32 20" width="32" height="20" aria-hidden="true">
      <path d="M1 14h8M23 14h8M9 14 20 5" />
      <circle cx="9" cy="14" r="2.6" />
      <circle cx="23" cy="14" r="2.6" />
    </svg>
  );
}
