import { checkErrorsPage, checkMigrations, checkProtocol, checkWebAssembly } from "./generated.ts";
import { checkLockFile } from "./lock-file.ts";
import type { Check } from "./report.ts";
import { checkStyle } from "./style.ts";
import { checkTypes } from "./types.ts";

/** What `npm run check` runs, in this order; each counts as one test in `npm test`. */
export const checks: readonly Check[] = [
  { name: "types", run: checkTypes },
  { name: "lint and format", run: checkStyle },
  { name: "protocol", run: checkProtocol },
  { name: "migrations", run: checkMigrations },
  { name: "docs/errors.md", run: checkErrorsPage },
  { name: "WebAssembly", run: checkWebAssembly },
  { name: "lock file", run: checkLockFile },
];
