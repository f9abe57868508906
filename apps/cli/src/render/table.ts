import { widthOf } from "../terminal.ts";
import type { Style } from "./style.ts";

/** A table without lines: headings, and columns as wide as they need to be. `right` lists columns of numbers. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { style, right = [] }: { readonly style: Style; readonly right?: readonly number[] },
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, right.includes(column)))
      .join("  ")
      .trimEnd();
  return [style.dim(line(headings)), ...rows.map(line)].join("\n");
}

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}
