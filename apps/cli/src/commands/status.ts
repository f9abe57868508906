import { type ApiFleetStatus, fleetStatusSchema } from "@muster/protocol";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { statusText } from "../render/status.ts";

/** `muster status`: every service by tier, and the data that would be lost now against what may be. */
export function addStatus(program: Command, cli: Cli): void {
  program
    .command("status")
    .description("services by tier, with exposure against RPO; exit code 4 when an objective is missed")
    .action(async () => {
      const status = await (await cli.client()).get("/api/v1/status", fleetStatusSchema);
      cli.print(status, () => statusText(status, cli.style));
      if (missesObjective(status)) cli.end("objective-missed");
    });
}

/** More data would be lost now than the business allows, or there is nothing at all to come back from. */
export function missesObjective({ services }: ApiFleetStatus): boolean {
  return services.some(
    ({ exposureState, sources }) =>
      sources.length > 0 && (exposureState === "breached" || exposureState === "unprotected"),
  );
}
