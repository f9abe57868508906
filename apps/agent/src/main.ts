import { Command } from "commander";
import { addCarry } from "./commands/carry.ts";
import { addCheck } from "./commands/check.ts";
import { addEnroll } from "./commands/enroll.ts";
import { addKeys } from "./commands/keys.ts";
import { addRestore } from "./commands/restore.ts";
import { addRun } from "./commands/run.ts";
import { reportFailure } from "./exit.ts";
import { agentVersion } from "./version.ts";

const program = new Command("muster-agent")
  .description("protects what lives on this host and brings it back")
  .version(agentVersion)
  .exitOverride();
addEnroll(program);
addRun(program);
addCheck(program);
addRestore(program);
addCarry(program);
addKeys(program);

try {
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = reportFailure(thrown);
}
