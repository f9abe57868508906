import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { asMusterError, type Clock, type Logger, sleep } from "@muster/core";
import { entryFile } from "../entry-file.ts";
import { type Identity, validity } from "./identity.ts";
import { renew, renewalDue } from "./renew.ts";
import type { SigningRequest } from "./signing-request.ts";

/** How often the certificate is looked at, in milliseconds; it lives for days, or for minutes in tests. */
const checkInterval = 60_000;
const shortestInterval = 200;

/** Renews the certificate at two thirds of its life, and tries again until it works or the signal aborts. */
export async function keepCertificate(
  options: { path: string; identity: () => Identity; clock: Clock; log: Logger },
  signal: AbortSignal,
  onRenewed: (identity: Identity) => void,
): Promise<void> {
  const { path, identity, clock, log } = options;
  while (!signal.aborted) {
    if (renewalDue(identity(), clock)) {
      await renew(path, identity(), requestInChild).then(
        (next) => {
          onRenewed(next);
          log.info({ until: new Date(validity(next.certificate).notAfter) }, "certificate renewed");
        },
        (thrown: unknown) => warn(log, identity(), clock, asMusterError(thrown).message),
      );
    }
    await sleep(pause(identity()), signal).catch(() => undefined); // the loop's condition tells an abort
  }
}

function pause(identity: Identity): number {
  const { notBefore, notAfter } = validity(identity.certificate);
  return Math.max(shortestInterval, Math.min(checkInterval, (notAfter - notBefore) / 20));
}

function warn(log: Logger, identity: Identity, clock: Clock, reason: string): void {
  const { notAfter } = validity(identity.certificate);
  const until = new Date(notAfter).toISOString();
  if (notAfter > clock.now()) log.warn(`the certificate (until ${until}) could not be renewed yet: ${reason}`);
  else log.error(`the certificate expired at ${until}: enrol this host again with a fresh token and --force`);
}

/** Makes the key in a process of its own: the certificate library would stay in the resident agent's memory for ever. */
async function requestInChild(host: string): Promise<SigningRequest> {
  const entry = entryFile(import.meta.url, "enrolment/signing-request-process.ts", "muster-agent-signing-request.js");
  const { stdout } = await promisify(execFile)(process.execPath, [entry, host], { timeout: 30_000 });
  const { privateKey, request } = JSON.parse(stdout) as { privateKey: string; request: string }; // by that process
  return { privateKey, request: Buffer.from(request, "base64") };
}
