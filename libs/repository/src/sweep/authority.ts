import { createHmac, timingSafeEqual } from "node:crypto";
import { deriveKey } from "../encrypt/keys.ts";

/**
 * Proves that marks and verdicts were made by a sweeper. Agents can read them, having the domain's key, but what they make
 * themselves, a sweep takes for nothing: its key comes from the master key, and is in no grant.
 */
export interface SweepAuthority {
  prove(name: string, body: string): string;
  isProven(name: string, body: string, proof: string): boolean;
}

export function sweepAuthority(masterKey: Uint8Array, repositoryId: string, domain: string): SweepAuthority {
  const key = deriveKey(masterKey, Buffer.from(repositoryId), `muster/v1/sweeper/${domain}`);
  const digest = (name: string, body: string): Buffer => createHmac("sha256", key).update(`${name}\0${body}`).digest();
  return {
    prove: (name, body) => digest(name, body).toString("base64url"),
    isProven(name, body, proof) {
      const [wanted, given] = [digest(name, body), Buffer.from(proof, "base64url")];
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    },
  };
}
