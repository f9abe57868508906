import { MusterError } from "@muster/core";

const longestKey = 512;
const component = /^[A-Za-z0-9_%+=@~,-][A-Za-z0-9._%+=@~,-]*$/;

/**
 * Throws `usage` unless the key is a relative path of plain components: no `..`, no leading slash or dot, no control
 * characters, nothing that a file system or a URL would read in another way.
 */
export function checkKey(key: string): void {
  const good = key.length <= longestKey && key.split("/").every((part) => component.test(part));
  if (!good) throw badKey(key, "object key");
}

/** Like `checkKey` for the prefix of a list: empty, or a key that may end within a component or with a slash. */
export function checkPrefix(prefix: string): void {
  if (prefix === "") return;
  const whole = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  if (whole.length > longestKey || !whole.split("/").every((part) => component.test(part))) {
    throw badKey(prefix, "object prefix");
  }
}

function badKey(key: string, what: string): MusterError {
  return new MusterError("usage", `${JSON.stringify(key)} is not an ${what}`, {
    hint: "Keys are relative paths of letters, digits and ._%+=@~,- without a leading dot.",
  });
}
