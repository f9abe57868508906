import type { CommandNode } from "../command-tree.ts";

/** A completion script for bash. */
export function bashCompletion(tree: readonly CommandNode[]): string {
  const cases = tree.map(({ path, subcommands, options }) => {
    const words = [...subcommands.map(({ name }) => name), ...options.map(({ flag }) => flag)].join(" ");
    return `    "${path}") words="${words}" ;;`;
  });
  return `# Completion of muster for bash.
_muster() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case " ${pathList(tree)} " in *" \${path:+\${path}_}$word "*) path="\${path:+\${path}_}$word" ;; esac ;; esac
  done
  case "\${path//_/ }" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _muster muster
`;
}

/** A completion script for zsh. */
export function zshCompletion(tree: readonly CommandNode[]): string {
  const cases = tree.map(({ path, subcommands, options }) => {
    const items = [
      ...subcommands.map(({ name, description }) => zshItem(name, description)),
      ...options.map(({ flag, description }) => zshItem(flag, description)),
    ];
    return `    ("${path}") items=(${items.join(" ")}) ;;`;
  });
  return `#compdef muster
# Completion of muster for zsh.
_muster() {
  local path="" word
  local -a items
  for word in \${words[2,CURRENT-1]}; do
    case "$word" in (-*) ;; (*) case " ${pathList(tree)} " in (*" \${path:+\${path}_}$word "*) path="\${path:+\${path}_}$word" ;; esac ;; esac
  done
  case "\${path//_/ }" in
${cases.join("\n")}
  esac
  _describe 'muster' items || _files
}
compdef _muster muster
`;
}

/** A completion script for fish. */
export function fishCompletion(tree: readonly CommandNode[]): string {
  const lines = tree.flatMap(({ path, subcommands, options }) => {
    const condition = path === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${path.split(" ").at(-1)}`;
    return [
      ...subcommands.map(
        ({ name, description }) => `complete -c muster -n '${condition}' -f -a '${name}' -d '${fishText(description)}'`,
      ),
      ...options.map(
        ({ flag, description }) =>
          `complete -c muster -n '${condition}' -l ${flag.replace(/^--/, "")} -d '${fishText(description)}'`,
      ),
    ];
  });
  return `# Completion of muster for fish.\n${lines.join("\n")}\n`;
}

/** Paths as single words: \`recoveries_watch\`. */
function pathList(tree: readonly CommandNode[]): string {
  return tree
    .map(({ path }) => path.replaceAll(" ", "_"))
    .filter((path) => path !== "")
    .join(" ");
}

function zshItem(name: string, description: string): string {
  return `'${name.replaceAll(":", "\\:")}:${description.replaceAll("'", "’").replaceAll(":", "\\:")}'`;
}

function fishText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
