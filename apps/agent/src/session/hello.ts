import { availableParallelism, hostname, platform, release, totalmem } from "node:os";
import { deadline, type Logger } from "@muster/core";
import {
  create,
  type Inventory,
  InventorySchema,
  type JsonObject,
  type SourceInfo,
  SourceInfoSchema,
} from "@muster/protocol/grpc";
import type { LoadedConfig } from "../config/load.ts";
import { probeTarget } from "../probes/check.ts";
import { createSource } from "../sources/registry.ts";

/** A source may take so long to tell its facts; the hello does not wait longer. Milliseconds. */
const inspectTimeout = 5000;

/** What this host has. A source that does not answer is named with the error in its facts: hello is sent all the same. */
export async function inventory(
  { config, secrets }: LoadedConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Inventory> {
  const sources = Object.entries(config.sources).map(async ([name, entry]): Promise<SourceInfo> => {
    const source = await createSource(name, entry, secrets.get(`sources.${name}`) ?? {});
    const limited = deadline(inspectTimeout, signal);
    const facts = await Promise.race([source.inspect({ signal: limited, log }), aborted(limited)]).catch(
      (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
    );
    // Facts are JSON by their type; the wire's type wants them mutable.
    return create(SourceInfoSchema, { name, type: source.type, location: source.location, facts: facts as JsonObject });
  });
  return create(InventorySchema, {
    hostname: hostname(),
    platform: `${platform()} ${release()}`,
    cpus: availableParallelism(),
    memoryBytes: BigInt(totalmem()),
    sources: await Promise.all(sources),
    probes: Object.entries(config.probes).map(([name, probe]) => ({
      name,
      type: probe.type,
      target: probeTarget(probe),
    })),
    actions: Object.keys(config.actions),
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("no answer in time")), { once: true });
  });
}
