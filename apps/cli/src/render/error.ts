import type { MusterError } from "@muster/core";
import { errorValue } from "@muster/core";
import type { Style } from "./style.ts";

/** What went wrong and where, what to do, in two lines; never a stack. */
export function errorText(
  error: MusterError,
  { style, json }: { readonly style: Style; readonly json: boolean },
): string {
  if (json) return JSON.stringify({ error: errorValue(error) });
  return `${style.bad("error:")} ${error.message}\n  ${error.hint} ${style.dim(`(${error.code})`)}`;
}
