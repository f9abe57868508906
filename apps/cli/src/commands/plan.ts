import { MusterError } from "@muster/core";
import { type ApiFinding, findingSchema, planAppliedSchema, planSchemaView, planVersionSchema } from "@muster/protocol";
import { parsePlan, unforceable } from "@muster/recovery";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { itemsOf } from "../pages.ts";
import { readPlanFiles } from "../plan-files.ts";
import { countText, findingsText } from "../render/findings.ts";
import { changesText } from "../render/plan-changes.ts";
import { table } from "../render/table.ts";
import { moment } from "../render/time.ts";

/** `muster plan`: check, diff, apply, show, versions. */
export function addPlan(program: Command, cli: Cli): void {
  const plan = program.command("plan").description("the disaster-recovery plan");
  addCheck(plan, cli);
  addDiff(plan, cli);
  addApply(plan, cli);
  addShow(plan, cli);
  addVersions(plan, cli);
}

/** Needs no control plane: a plan can be checked before there is one, and in a build. */
function addCheck(plan: Command, cli: Cli): void {
  plan
    .command("check <files...>")
    .description("look for errors, without a control plane; exit code 3 when there are some")
    .option("--strict", "exit code 3 for warnings too")
    .action(async (paths: string[], { strict = false }: { strict?: boolean }) => {
      const files = await readPlanFiles(paths, cli.terminal.directory);
      const { plan: model, findings } = parsePlan(files);
      const services = Object.keys(model?.services ?? {}).length;
      const good = `${files.map(({ name }) => name).join(", ")}: ${services} services, ${countText(findings) || "no findings"}`;
      cli.print({ findings }, () => [findingsText(findings, cli.style), good].filter((part) => part !== "").join("\n"));
      if (findings.some(({ severity }) => severity === "error" || (strict && severity === "warning")))
        cli.end("findings");
    });
}

function addDiff(plan: Command, cli: Cli): void {
  plan
    .command("diff <files...>")
    .description("what applying these files would change")
    .action(async (paths: string[]) => {
      const files = await readPlanFiles(paths, cli.terminal.directory);
      const answer = await sayFindings(cli, async () =>
        (await cli.client()).post("/api/v1/plans/diff", planAppliedSchema, { files }),
      );
      cli.print(answer, () => changesText(answer.changes, cli.style) || `no change to version ${answer.version}`);
    });
}

interface ApplyOptions {
  readonly force?: string;
  readonly dryRun?: boolean;
}

function addApply(plan: Command, cli: Cli): void {
  plan
    .command("apply <files...>")
    .description("put a plan in force")
    .option("--force <reason>", "in spite of errors that may be forced; the reason goes to the audit trail")
    .option("--dry-run", "change nothing, say what would change")
    .action(async (paths: string[], { force, dryRun = false }: ApplyOptions) => {
      const files = await readPlanFiles(paths, cli.terminal.directory);
      const body = { files, dryRun, ...(force === undefined ? {} : { force }) };
      const answer = await sayFindings(cli, async () =>
        (await cli.client()).post("/api/v1/plans", planAppliedSchema, body),
      );
      if (answer.findings.length > 0) cli.note(findingsText(answer.findings, cli.style));
      const { name, version, applied } = answer;
      const head = applied
        ? `applied version ${version} of ${name}`
        : dryRun
          ? `version ${version} of ${name} would be applied`
          : `${name} is at version ${version} already; nothing changed`;
      cli.print(answer, () => [head, changesText(answer.changes, cli.style)].filter((part) => part !== "").join("\n"));
    });
}

function addShow(plan: Command, cli: Cli): void {
  plan
    .command("show [name]")
    .description("print the files of the plan in force")
    .option("--version <number>", "of this version")
    .action(async (name: string | undefined, { version }: { version?: string }) => {
      const path = `/api/v1/plans/${encodeURIComponent(name ?? (await onlyPlan(cli)))}`;
      const shown = await (await cli.client()).get(
        version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`,
        planSchemaView,
      );
      cli.print(shown, () => shown.files.map(({ text }) => text.trimEnd()).join("\n---\n"));
      cli.note(
        cli.style.dim(
          `${shown.name}, version ${shown.version}, applied ${moment(shown.appliedAt)} by ${shown.appliedBy}`,
        ),
      );
    });
}

function addVersions(plan: Command, cli: Cli): void {
  plan
    .command("versions [name]")
    .description("list all versions that were ever applied")
    .action(async (name: string | undefined) => {
      const path = `/api/v1/plans/${encodeURIComponent(name ?? (await onlyPlan(cli)))}/versions`;
      const { items } = await (await cli.client()).get(path, itemsOf(planVersionSchema));
      const rows = items.map(({ version, appliedAt, appliedBy, hash }) => [
        ...[String(version), moment(appliedAt), appliedBy, hash.slice(0, 12)],
      ]);
      cli.print(items, () => table(["VERSION", "APPLIED", "BY", "HASH"], rows, { style: cli.style, right: [0] }));
    });
}

async function onlyPlan(cli: Cli): Promise<string> {
  const { items } = await (await cli.client()).get("/api/v1/plans", itemsOf(planVersionSchema));
  const [first, ...others] = items;
  if (first === undefined) throw new MusterError("plan-not-applied", "no plan has been applied yet");
  if (others.length === 0) return first.name;
  throw new MusterError("usage", "several plans are in force", {
    hint: `Name one of ${items.map(({ name }) => name).join(", ")}.`,
  });
}

/** A plan that is refused names all that is wrong, not only the first. */
async function sayFindings<T>(cli: Cli, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "plan-invalid") {
      const findings = itemsOf(findingSchema).parse({ items: thrown.details.findings }).items;
      cli.note(findingsText(findings, cli.style));
      throw new MusterError(thrown.code, refusal(findings), {
        cause: thrown,
        hint: hintFor(findings),
        details: thrown.details,
      });
    }
    throw thrown;
  }
}

function refusal(findings: readonly ApiFinding[]): string {
  return `the plan was not taken: ${countText(findings)}`;
}

function hintFor(findings: readonly ApiFinding[]): string {
  const errors = findings.filter(({ severity }) => severity === "error");
  return errors.some(({ code }) => unforceable.has(code))
    ? "Correct what is named above."
    : 'Correct what is named above, or apply it with --force "REASON".';
}
