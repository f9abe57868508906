import { formatSize } from "@muster/core";
import { repositorySchema, verifyReportSchema } from "@muster/protocol";
import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { itemsOf } from "../pages.ts";
import { duration } from "../render/time.ts";

/** Reading a whole repository takes long, in milliseconds. */
const longest = 24 * 3_600_000;

interface VerifyOptions {
  readonly repository?: string;
  readonly service?: string;
  readonly level: string;
}

type Report = ReturnType<typeof verifyReportSchema.parse>;

/** `muster verify`: is what the catalog lists really there, and whole? */
export function addVerify(program: Command, cli: Cli): void {
  program
    .command("verify")
    .description("check the repositories; exit code 3 when something is damaged")
    .option("--repository <name>", "only this one")
    .option("--service <name>", "only points of this service")
    .addOption(
      new Option("--level <level>", "presence: everything is there; read: everything is read and compared")
        .choices(["presence", "read"])
        .default("presence"),
    )
    .action(async ({ repository, service, level }: VerifyOptions) => {
      const client = await cli.client();
      const names =
        repository === undefined
          ? (await client.get("/api/v1/repositories", itemsOf(repositorySchema))).items.map(({ name }) => name)
          : [repository];
      const reports: Report[] = [];
      for (const name of names) {
        cli.note(`verifying ${name} …`);
        const body = { level, ...(service === undefined ? {} : { service }) };
        const path = `/api/v1/repositories/${encodeURIComponent(name)}/verify`;
        reports.push(await client.post(path, verifyReportSchema, body, { timeout: longest }));
      }
      cli.print(reports, () => reports.map((report) => reportText(cli, report)).join("\n"));
      if (reports.some(({ damage }) => damage.length > 0)) cli.end("findings");
    });
}

function reportText(
  { style }: Cli,
  { repository, level, points, bytesRead, damage, startedAt, finishedAt }: Report,
): string {
  const took = duration(Date.parse(finishedAt) - Date.parse(startedAt));
  const verdict = damage.length === 0 ? style.good("whole") : style.bad(`${damage.length} objects damaged`);
  const head = `${repository}: ${points} ${points === 1 ? "point" : "points"}, ${verdict} (${level}, ${formatSize(bytesRead)} read in ${took})`;
  const lines = damage.map(
    ({ service, point, object, message }) => `  ${service} ${point ?? ""} ${object}: ${message}`,
  );
  return [head, ...lines].join("\n");
}
