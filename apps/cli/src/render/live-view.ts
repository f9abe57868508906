import { stripVTControlCharacters } from "node:util";
import { type Terminal, widthOf } from "../terminal.ts";

/** Lines that are redrawn in place on a terminal; elsewhere each line is written when it has changed in more than numbers. */
export interface LiveView extends Disposable {
  show(lines: readonly string[]): void;
}

export function createLiveView(terminal: Terminal): LiveView {
  return terminal.live ? redrawing(terminal) : logging(terminal);
}

/** Draws over the lines before, in one synchronised write, so that nothing flickers; what is too wide or too long is cut. */
function redrawing(terminal: Terminal): LiveView {
  let drawn = 0;
  let last = "";
  return {
    show(lines) {
      const width = terminal.columns();
      const fitting = lines.slice(0, Math.max(1, terminal.rows() - 1)).map((line) => cut(line, width));
      const text = fitting.join("\n");
      if (text === last && drawn === fitting.length) return;
      const up = drawn > 0 ? `\x1b[${drawn}A\r` : "";
      const body = fitting.map((line) => `${line}\x1b[K\n`).join("");
      terminal.err(`\x1b[?2026h\x1b[?25l${up}${body}\x1b[J\x1b[?2026l`);
      drawn = fitting.length;
      last = text;
    },
    [Symbol.dispose]: () => (drawn > 0 ? terminal.err("\x1b[?25h") : undefined),
  };
}

function cut(line: string, width: number): string {
  if (widthOf(line) < width) return line;
  // Colours are given up where a line must be cut: half an escape sequence would spoil the rest.
  return `${stripVTControlCharacters(line).slice(0, width - 2)}…`;
}

/** For logs: a line again only when its words differ, not for every percent. */
function logging(terminal: Terminal): LiveView {
  const said = new Set<string>();
  return {
    show(lines) {
      for (const line of lines) {
        const words = stripVTControlCharacters(line)
          .replaceAll(/[█░/]|[\d.]+ ?(ms|s|m|h|d|%|[kMGT]?B|items|probes)?\b/g, "")
          .replaceAll(/\s+/g, " ")
          .trim();
        if (words === "" || said.has(words)) continue;
        said.add(words);
        terminal.err(`${line}\n`);
      }
    },
    [Symbol.dispose]: () => undefined,
  };
}
