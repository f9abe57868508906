import { healReportSchema } from "@muster/protocol";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";

/** Reading a whole repository takes long, in milliseconds. */
const longest = 24 * 3_600_000;

type Report = ReturnType<typeof healReportSchema.parse>;

/** `muster heal`: puts whole objects from the copies of a repository in the place of damaged ones. */
export function addHeal(program: Command, cli: Cli): void {
  program
    .command("heal")
    .description("verify a repository and repair it from its copies; exit code 3 when something stays damaged")
    .requiredOption("--repository <name>", "which one")
    .option("--service <name>", "only points of this service")
    .action(async ({ repository, service }: { readonly repository: string; readonly service?: string }) => {
      const client = await cli.client();
      cli.note(`reading ${repository} …`);
      const body = { level: "read", ...(service === undefined ? {} : { service }) };
      const path = `/api/v1/repositories/${encodeURIComponent(repository)}/heal`;
      const report = await client.post(path, healReportSchema, body, { timeout: longest });
      cli.print(report, () => reportText(cli, report));
      if (report.left.length > 0) cli.end("findings");
    });
}

function reportText({ style }: Cli, { repository, healed, points, left }: Report): string {
  const verdict = left.length === 0 ? style.good("whole") : style.bad(`${left.length} objects stay damaged`);
  return [
    `${repository}: ${verdict}; ${healed.length} objects healed, ${points.length} points brought back`,
    ...healed.map(
      ({ service, object, from }) => `  ${service} ${object}: ${from === undefined ? "made anew" : `from ${from}`}`,
    ),
    ...left.map(({ service, point, object, message }) => `  ${service} ${point ?? ""} ${object}: ${message}`),
  ].join("\n");
}
