import { MusterError, parseDuration } from "@muster/core";

/** For options that may be given several times, and whose value may be a list: `--tier 1 --tier 2`, `--tier 1,2`. */
export function collected(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(",").map((part) => part.trim())].filter((part) => part !== "");
}

/** A number from 1 on. Throws `usage`. */
export function countOf(text: string, name: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new MusterError("usage", `${name} "${text}" is not a number from 1 on`);
}

/** `db-1=db-2` pairs as an object. Throws `usage`. */
export function pairsOf(texts: readonly string[], name: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [from, to, ...more] = text.split("=");
      if (from === undefined || from === "" || to === undefined || to === "" || more.length > 0)
        throw new MusterError("usage", `${name} "${text}" is not of the form OLD=NEW`, {
          hint: `Write it like ${name} db-1=db-2.`,
        });
      return [from, to];
    }),
  );
}

/** Milliseconds of --timeout; undefined without. */
export function timeoutOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}
