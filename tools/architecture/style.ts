import { Visitor } from "rolldown/utils";
import { isGenerated, type Source } from "./source.ts";

/** No file may be longer, tests and generated ones excepted; one in ten may exceed `usualLines`. */
export const maximumLines = 400;
export const usualLines = 250;

const emptyNames = /(^|[/.-])(utils?|helpers?|common|managers?|misc)([/.-]|$)/i;

/** A path that says nothing about what is in it. */
export function nameViolations(path: string): string[] {
  return emptyNames.test(path) ? [`${path}: the name says nothing; name the one idea of the file`] : [];
}

/** The type `any` without a comment on its line or the one before. */
export function anyViolations(source: Source): string[] {
  if (isGenerated(source.path)) return [];
  const found: string[] = [];
  new Visitor({
    TSAnyKeyword: (node) => {
      const line = source.lineAt(node.start);
      if (!source.explained.has(line)) found.push(`${source.path}:${line}: any, and no comment says why`);
    },
  }).visit(source.program);
  return found;
}

export interface FileLength {
  readonly path: string;
  readonly lines: number;
}

/** Files over the maximum, and the list of long ones if they are more than one in ten. */
export function lengthViolations(files: readonly FileLength[]): string[] {
  const tooLong = files.filter(({ lines }) => lines > maximumLines);
  const long = files.filter(({ lines }) => lines > usualLines);
  const many = long.length > files.length / 10 ? long : [];
  return [...new Set([...tooLong, ...many])].map(({ path, lines }) => `${path}: ${lines} lines; one idea per file?`);
}
