import { hkdfSync } from "node:crypto";

/** HKDF-SHA-256 (RFC 5869). */
export function deriveKey(key: Uint8Array, salt: Uint8Array, info: string, length = 32): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, info, length));
}

/** The key of one domain. Whoever has it reads and adds to that domain and knows nothing of the others. */
export function domainKeyOf(masterKey: Uint8Array, repositoryId: string, domain: string): Buffer {
  return deriveKey(masterKey, Buffer.from(repositoryId), `muster/v1/domain/${domain}`);
}

/** What a domain key is split into, by use. */
export interface DomainKeys {
  /** For the ids of chunks (keyed BLAKE3). */
  readonly id: Buffer;
  /** From which the key of every sealed object is derived. */
  readonly seal: Buffer;
  /** 256 random numbers of 32 bits that place the cuts of content-defined chunks. */
  readonly gear: Uint32Array;
}

export function splitDomainKey(domainKey: Uint8Array): DomainKeys {
  const none = Buffer.alloc(0);
  const gear = deriveKey(domainKey, none, "muster/v1/gear", 1024);
  return {
    id: deriveKey(domainKey, none, "muster/v1/chunk-id"),
    seal: deriveKey(domainKey, none, "muster/v1/seal"),
    gear: Uint32Array.from({ length: 256 }, (_, n) => gear.readUInt32LE(n * 4)),
  };
}
