import { MusterError } from "@muster/core";
import { partsOf, totalLength } from "../port.ts";
import type { VaultConnection } from "./connection.ts";
import { readWhole } from "./read.ts";
import { checksumOf, header, largestObject } from "./wire.ts";

/** Creates the object. Throws `object-exists` when the key is taken, unless a try whose answer was lost has made it. */
export async function putObject(
  vault: VaultConnection,
  key: string,
  bytes: Uint8Array | readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const parts = partsOf(bytes);
  const total = totalLength(bytes);
  if (total > largestObject) {
    throw new MusterError("usage", `${key} has ${total} bytes; an object of a vault has at most ${largestObject}`);
  }
  await vault.call(
    { what: `write ${key}`, signal, bytes: total },
    {
      method: "PUT",
      resource: "object",
      key,
      headers: { [header.checksum]: checksumOf(parts) },
      body: { parts, total },
    },
    async (answer) => void answer.resume(),
    async (error, attempt) => {
      const mine = error.code === "object-exists" && attempt > 0;
      if (mine && isSame(parts, await readWhole(vault, { key, signal }))) return;
      throw error;
    },
  );
}

function isSame(parts: readonly Uint8Array[], found: Uint8Array): boolean {
  let position = 0;
  for (const part of parts) {
    if (Buffer.compare(part, found.subarray(position, position + part.byteLength)) !== 0) return false;
    position += part.byteLength;
  }
  return position === found.byteLength;
}
