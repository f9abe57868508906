import { Argument, type Command } from "commander";
import type { Cli } from "../cli.ts";
import { commandTree } from "../command-tree.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "../render/completion.ts";

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `muster completion`: made from the commands as they are, so it is never behind them. */
export function addCompletion(program: Command, cli: Cli): void {
  program
    .command("completion")
    .description("print a completion script; for bash: source <(muster completion bash)")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => cli.terminal.out(scripts[shell](commandTree(program))));
}
