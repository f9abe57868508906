/** What a record says besides, on one line: `host=db-1, services=orders carts`. */
export function detailsText(details: Readonly<Record<string, unknown>>): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(", ");
}

function valueText(value: unknown): string {
  if (typeof value === "string" && /^[0-9a-f]{40,}$/.test(value)) return `${value.slice(0, 12)}…`; // a hash, for the eye
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return value.join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
