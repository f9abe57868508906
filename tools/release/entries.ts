import { join } from "node:path";
import { root } from "../workspace.ts";

/** Programs that people start: `<name>.mjs` in a release. */
export const programs = {
  "muster-agent": join(root, "apps/agent/src/main.ts"),
  "muster-control-plane": join(root, "apps/control-plane/src/main.ts"),
  muster: join(root, "apps/cli/src/main.ts"),
} as const;

/** What these start as processes and threads of their own, and look for beside themselves: `<name>.js` in a release. */
export const helpers = {
  "muster-agent-job": join(root, "apps/agent/src/jobs/entry.ts"),
  "muster-agent-wal": join(root, "apps/agent/src/sources/postgres/wal/process/entry.ts"),
  "muster-agent-describe": join(root, "apps/agent/src/config/describe-process.ts"),
  "muster-agent-signing-request": join(root, "apps/agent/src/enrolment/signing-request-process.ts"),
  "muster-vault-worker": join(root, "apps/control-plane/src/vault/worker.ts"),
  "muster-pack-worker": join(root, "libs/repository/src/pack/pack-worker.ts"),
  "muster-restore-worker": join(root, "libs/repository/src/restore/restore-worker.ts"),
} as const;
