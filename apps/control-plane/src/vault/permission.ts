import { MusterError } from "@muster/core";
import type { VaultRequest } from "./request.ts";

/** What a host may do with a domain: `write` reads as well. */
export type Access = "read" | "write";

/** Who asks, and what it may reach in the repository; keys are domains as they stand in object keys. */
export interface Permissions {
  readonly host: string;
  readonly domains: ReadonlyMap<string, Access>;
}

/**
 * The folders of a domain that agents add to. The marks of the sweeper (`sweeps/`) are not among them: whoever could make
 * these could have data deleted.
 */
const written = ["packs", "index", "points", "leases", "wal", "aof"];

/** Why the host may not do this; undefined when it may. */
export function refusalOf(request: VaultRequest, permissions: Permissions): MusterError | undefined {
  switch (request.act) {
    case "space":
      return undefined;
    case "put":
      return mayWrite(request.key, permissions) ? undefined : forbidden(permissions, `add ${request.key}`);
    case "get":
    case "info":
      return mayRead(request.key, permissions) ? undefined : forbidden(permissions, `read ${request.key}`);
    case "list":
      return mayList(request.prefix, permissions)
        ? undefined
        : forbidden(permissions, `list ${request.prefix || "everything"}`);
  }
}

/** A prefix that ends within the domain's own name would show others whose names begin alike. */
function mayList(prefix: string, { domains }: Permissions): boolean {
  const [first = "", ...more] = prefix.split("/");
  return more.length > 0 && domains.has(first);
}

function mayRead(key: string, { domains }: Permissions): boolean {
  if (key === "repository.json") return true;
  const [first = "", second = "", ...more] = key.split("/");
  if (first === "domains") return more.length === 0 && domains.has(second);
  return domains.has(first);
}

function mayWrite(key: string, { domains }: Permissions): boolean {
  const [first = "", second = "", ...more] = key.split("/");
  if (first === "domains") return more.length === 0 && domains.get(second) === "write";
  return domains.get(first) === "write" && written.includes(second) && more.length > 0;
}

function forbidden({ host }: Permissions, what: string): MusterError {
  return new MusterError("forbidden", `the host ${host} may not ${what} in this repository`, {
    hint: "A host reaches the services that it protects, and to read those of a recovery onto it while that runs.",
  });
}
