import { randomBytes, scrypt } from "node:crypto";
import { MusterError } from "@muster/core";
import type { PassphraseKeyFile } from "./key-file.ts";

/** scrypt (RFC 7914) with 32 MiB of memory; one of the settings that OWASP's cheat sheet calls equally strong. */
const cost = { N: 2 ** 15, r: 8, p: 3 } as const;
const mostMemory = 512 * 2 ** 20;

export type ScryptParameters = PassphraseKeyFile["scrypt"];

/** New parameters with a random salt. */
export function newScryptParameters(): ScryptParameters {
  return { ...cost, salt: randomBytes(32).toString("base64url") };
}

/** The wrapping key of a passphrase. Throws `repository-corrupt` for parameters that are impossible or cost too much. */
export function stretch(passphrase: string, { salt, ...options }: ScryptParameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const limits = { ...options, maxmem: mostMemory };
    scrypt(passphrase.normalize("NFC"), Buffer.from(salt, "base64url"), 32, limits, (error, key) => {
      if (error === null) resolve(key);
      else reject(new MusterError("repository-corrupt", "a key file has impossible parameters", { cause: error }));
    });
  });
}
