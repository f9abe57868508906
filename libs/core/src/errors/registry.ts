import { accessErrors } from "./access.ts";
import { hostErrors } from "./host.ts";
import { planErrors } from "./plan.ts";
import { recoveryErrors } from "./recovery.ts";
import { repositoryErrors } from "./repository.ts";
import { systemErrors } from "./system.ts";

/**
 * Every error code of Muster, closed. `docs/errors.md` is kept equal to it by a test.
 * The edges (HTTP, gRPC, exit codes) map `kind`, never single codes.
 */
export const errorRegistry = {
  ...systemErrors,
  ...accessErrors,
  ...planErrors,
  ...repositoryErrors,
  ...hostErrors,
  ...recoveryErrors,
} as const;

export type ErrorCode = keyof typeof errorRegistry;
