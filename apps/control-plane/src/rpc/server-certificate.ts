import type { Clock } from "@muster/core";
import type { Config } from "../config.ts";
import type { Authority } from "./authority.ts";
import { issueServerCertificate } from "./certificates.ts";

/** A new one is made at each start, so its end is only met by a process that runs for years. Milliseconds. */
const life = 5 * 365 * 86_400_000;

/** A key and certificate, in PEM, for the names under which agents reach this control plane. */
export function makeServerCertificate(
  authority: Authority,
  { grpc }: Config,
  clock: Clock,
): Promise<{ readonly key: string; readonly chain: string }> {
  const names = [...new Set([grpc.advertise, grpc.host, "localhost", "127.0.0.1"])];
  return issueServerCertificate(authority, { names, now: clock.now(), lifeMs: life });
}
