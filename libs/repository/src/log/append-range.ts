import { MusterError } from "@muster/core";
import { totalLength } from "@muster/object-store";
import { boundName, logsFolder, rangeName } from "./names.ts";
import { sealRange } from "./range-object.ts";
import { type LogPlace, readStored } from "./read-range.ts";
import type { LogRange, RangeFacts } from "./types.ts";

/** The longest range: a reader holds one in memory. */
export const longestRange = 16 * 2 ** 20;

/** Stores a range; see `SourceLog.append`. */
export async function appendRange(
  place: LogPlace,
  range: LogRange,
  bytes: readonly Uint8Array[],
  facts: RangeFacts,
  signal?: AbortSignal,
): Promise<number> {
  const { domain, source, identity } = place;
  const name = rangeName(range);
  const length = totalLength(bytes);
  if (BigInt(length) !== range.end - range.start || length > longestRange) {
    throw new MusterError("usage", `${length} bytes cannot be the range ${name} of a log`);
  }
  const object = boundName(source, identity, name);
  const sealed = await sealRange(domain, object, bytes, facts);
  try {
    await domain.store.put(logsFolder(domain) + object, sealed, { signal });
    return totalLength(sealed);
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
    await checkSame(place, range, bytes, signal);
    return 0;
  }
}

/** Throws `log-conflict` unless what is stored as that range is exactly these bytes. */
async function checkSame(
  place: LogPlace,
  range: LogRange,
  bytes: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { pieces } = await readStored(place, range, signal);
  if (sameBytes(pieces, bytes)) return;
  throw conflict(place, rangeName(range));
}

/** Compares without joining: both sides may be 16 MiB in pieces of different lengths. */
export function sameBytes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (totalLength(a) !== totalLength(b)) return false;
  const right = Buffer.concat(b);
  let at = 0;
  for (const piece of a) {
    if (right.compare(piece, 0, piece.length, at, at + piece.length) !== 0) return false;
    at += piece.length;
  }
  return true;
}

export function conflict({ source, identity, domain }: LogPlace, name: string): MusterError {
  return new MusterError(
    "log-conflict",
    `the log of ${source} (${identity}) in domain ${domain.name} has ${name} with other content`,
  );
}
