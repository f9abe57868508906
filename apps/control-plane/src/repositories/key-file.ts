import { chmod, mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Logger, MusterError, newSecret, systemErrorCode } from "@muster/core";

/** The passphrase in a key file; undefined when there is no such file. Throws `config-invalid` for an empty one. */
export async function readKeyFile(path: string): Promise<string | undefined> {
  try {
    const passphrase = (await readFile(path, "utf8")).trim();
    if (passphrase !== "") return passphrase;
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    throw new MusterError("config-invalid", `the key file ${path} cannot be read: ${systemErrorCode(cause)}`, {
      cause,
    });
  }
  throw new MusterError("config-invalid", `the key file ${path} is empty`, {
    hint: "Put the copy of the key back that was kept elsewhere.",
  });
}

/** Makes a key file of 256 random bits that only its owner can read; durable on return. Never writes over one. */
export async function makeKeyFile(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const passphrase = newSecret(32);
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${passphrase}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  const directory = await open(dirname(path), "r");
  await directory.sync().finally(() => directory.close());
  return passphrase;
}

/** Takes the key file away from everybody but its owner, and says so. */
export async function guardKeyFile(path: string, log: Logger): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  await chmod(path, 0o600);
  log.warn({ path }, "the key file could be read by others; its mode is 0600 now, and the key may be known to them");
}
