import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { systemErrorCode } from "@muster/core";
import { writeAtomic } from "../data/atomic-file.ts";

/*
 * The schedule holds domain keys, so that protection goes on without the control plane (promise 8). It is readable by the
 * agent's user only and sealed with a key derived from the agent's private key: a copy of this file alone, such as in a
 * backup of the data directory, opens nothing. Who can read the private key too has the host, and so its domains.
 */

const nonceBytes = 12;
const tagBytes = 16;

/** Writes `content` sealed with AES-256-GCM under a key derived from `secret`. */
export function writeSealed(path: string, content: Uint8Array, secret: string): Promise<void> {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", keyFrom(secret), nonce);
  const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
  return writeAtomic(path, Buffer.concat([nonce, cipher.getAuthTag(), sealed]), 0o600);
}

/** Undefined when the file is not there. Throws when it was sealed with another secret or altered. */
export function readSealed(path: string, secret: string): Uint8Array | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const decipher = createDecipheriv("aes-256-gcm", keyFrom(secret), bytes.subarray(0, nonceBytes));
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
}

function keyFrom(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", "muster agent schedule v1", 32));
}
