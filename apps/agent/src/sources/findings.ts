import { asMusterError, type ErrorCode, errorRegistry, formatSize, isErrorCode, MusterError } from "@muster/core";
import { freeBytes } from "./disk.ts";
import type { RestoreFinding } from "./source.ts";

/** A finding with the registry's hint unless another is given. */
export function finding(
  severity: RestoreFinding["severity"],
  code: ErrorCode,
  message: string,
  hint: string = errorRegistry[code].hint,
): RestoreFinding {
  return { severity, code, message, hint };
}

/** Runs one check; an error that it throws becomes a finding, so that the others still run and nothing reads as "fine". */
export async function checked(check: () => Promise<RestoreFinding[]>): Promise<RestoreFinding[]> {
  try {
    return await check();
  } catch (thrown) {
    const { code, message, hint } = asMusterError(thrown);
    return [finding("error", code, message, hint)];
  }
}

/** Throws the first finding of severity `error`; the others are in its details. */
export function refuseOnErrors(findings: readonly RestoreFinding[]): void {
  const errors = findings.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first === undefined) return;
  const code = isErrorCode(first.code) ? first.code : "checks-failed";
  throw new MusterError(code, first.message, { hint: first.hint, details: { findings: errors } });
}

/** Refuses when the disk that holds `path` has less than `needed` bytes free; both are named. */
export async function spaceFindings(path: string, needed: number, purpose: string): Promise<RestoreFinding[]> {
  const free = await freeBytes(path);
  if (free >= needed) return [];
  const message = `the disk of ${path} has ${formatSize(free)} free, ${purpose} needs ${formatSize(needed)}`;
  return [finding("error", "space-insufficient", message)];
}
