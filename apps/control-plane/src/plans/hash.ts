import { createHash } from "node:crypto";
import { canonicalJson, type Plan } from "@muster/recovery";

/** SHA-256 (hex) of a plan's canonical model: comments, order of keys and split into files do not count. */
export function planHash(plan: Plan): string {
  return createHash("sha256").update(canonicalJson(plan)).digest("hex");
}
