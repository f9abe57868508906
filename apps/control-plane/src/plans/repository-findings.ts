import type { ApiFinding } from "@muster/protocol";
import type { Plan } from "@muster/recovery";
import type { Config } from "../config.ts";

/**
 * Repositories that a plan's policies name and the control plane does not have, and further ones that are no copy of the first, so that
 * nothing can be copied there. Warnings, because a plan may be applied before its repositories are there.
 */
export function repositoryFindings({ policies }: Plan, repositories: Config["repositories"]): ApiFinding[] {
  return Object.entries(policies).flatMap(([policy, { copies }]) => {
    const path = `policies.${policy}.copies`;
    const known = copies.filter((name) => Object.hasOwn(repositories, name));
    const unknown = copies.filter((name) => !known.includes(name)).map((name) => repositoryUnknown(name, path));
    const [first] = copies;
    if (first === undefined || !known.includes(first)) return unknown;
    // A copy may come first when its original is gone for good: both have the same id and keys all the same.
    const origin = (name: string): string => repositories[name]?.copyOf ?? name;
    const strangers = known.filter((name) => origin(name) !== origin(first));
    return [...unknown, ...strangers.map((name) => noCopy(name, { first, origin: origin(first), path }))];
  });
}

function repositoryUnknown(name: string, path: string): ApiFinding {
  return {
    code: "live-repository-unknown",
    severity: "warning",
    message: `the control plane has no repository ${name}`,
    hint: `Name it under repositories in control-plane.yaml and start the control plane again, or correct the name.`,
    path,
  };
}

function noCopy(
  name: string,
  { first, origin, path }: { readonly first: string; readonly origin: string; readonly path: string },
): ApiFinding {
  return {
    code: "live-repository-not-a-copy",
    severity: "warning",
    message: `repository ${name} is not a copy of ${first}, so no point can be copied there`,
    hint: `Make it one, in an empty place: copyOf: ${origin} under repositories.${name} in control-plane.yaml.`,
    path,
  };
}
