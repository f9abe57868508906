import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { Random } from "../random.ts";

/**
 * Has `randomBytes` of this thread give what the seed says until the result is disposed of: ids of packs, leases and marks decide the
 * order of work, so that a seed is one run only with them. For the model alone: no key may ever come from it.
 */
export function seededIds(random: Random): Disposable {
  const original = crypto.randomBytes;
  const set = (of: unknown): void => {
    Object.assign(crypto, { randomBytes: of });
    syncBuiltinESMExports();
  };
  set((length: number) => Buffer.from(random.bytes(length)));
  return { [Symbol.dispose]: () => set(original) };
}
