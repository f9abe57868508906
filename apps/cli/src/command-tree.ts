import type { Command } from "commander";

/** The words that may follow a command, as completion needs them. */
export interface CommandNode {
  /** The command with those above it, without `muster`: `recoveries watch`; empty for the root. */
  readonly path: string;
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly flag: string; readonly description: string }[];
}

/** Every command of the tree, the root first; each also has the root's options. */
export function commandTree(root: Command): CommandNode[] {
  const visit = (command: Command, path: string): CommandNode[] => [
    {
      path,
      description: command.description(),
      subcommands: command.commands.map((child) => ({ name: child.name(), description: child.description() })),
      options: [...command.options, ...(command === root ? [] : root.options)].map(({ long, short, description }) => ({
        flag: long ?? short ?? "",
        description,
      })),
    },
    ...command.commands.flatMap((child) =>
      [child.name(), ...child.aliases()].flatMap((name) => visit(child, `${path} ${name}`.trim())),
    ),
  ];
  return visit(root, "");
}
