import { MusterError } from "@muster/core";

const reserved = new Set(["keys", "domains", "repository.json"]);

/**
 * A name as one component of an object key: bytes other than letters, digits, `_`, `-` and inner dots are written as
 * `%xx`. Names that the layout uses itself get their first letter escaped. Throws `usage` for an empty or long name.
 */
export function encodeName(name: string): string {
  if (name === "" || Buffer.byteLength(name) > 120 || !name.isWellFormed()) {
    throw new MusterError("usage", `${JSON.stringify(name)} cannot name a domain or source`, {
      hint: "Use 1 to 120 bytes of UTF-8.",
    });
  }
  const first = reserved.has(name) ? /^./ : /^\./;
  return name.replace(/[^A-Za-z0-9._-]/gu, escapeCharacter).replace(first, escapeCharacter);
}

/** The inverse of `encodeName`. */
export function decodeName(component: string): string {
  const bytes = component.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function escapeCharacter(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
