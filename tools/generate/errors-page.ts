import { type ErrorCode, errorRegistry } from "@muster/core";

interface Entry {
  readonly kind: (typeof errorRegistry)[ErrorCode]["kind"];
  readonly summary: string;
  readonly hint: string;
  readonly retryable: boolean;
}

/** The HTTP status of each kind of error, as the API answers it. */
const httpStatus: Readonly<Record<Entry["kind"], string>> = {
  invalid: "400 or 422",
  unauthenticated: "401",
  forbidden: "403",
  "not-found": "404",
  conflict: "409",
  precondition: "412",
  exhausted: "507 or 429",
  unavailable: "503",
  timeout: "504",
  cancelled: "499",
  corrupt: "500",
  internal: "500",
};

const head = `# Error codes

Every error of Muster has one of these codes: in the API's problem documents (\`code\`), in \`--json\` output, in logs and in
the record of a recovery. This page is generated from the registry in \`libs/core/src/errors\` (\`npm run generate\`).

| code | kind | HTTP | what happened | what to do | retried |
|---|---|---|---|---|---|
`;

/** The content of docs/errors.md, made from the registry of error codes. */
export function generatedErrorsPage(): string {
  return errorsPage(errorRegistry);
}

/** One table line for each code, sorted by code. */
export function errorsPage(registry: Readonly<Record<string, Entry>>): string {
  const codes = Object.entries(registry).sort(([a], [b]) => (a < b ? -1 : 1));
  return head + codes.map(([code, entry]) => line(code, entry)).join("");
}

function line(code: string, { kind, summary, hint, retryable }: Entry): string {
  const cells = [`\`${code}\``, kind, httpStatus[kind], summary, hint, retryable ? "yes" : "no"];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}
