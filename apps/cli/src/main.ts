import { runCli } from "./cli.ts";
import { nodeTerminal } from "./terminal.ts";

process.exitCode = await runCli(process.argv.slice(2), nodeTerminal());
