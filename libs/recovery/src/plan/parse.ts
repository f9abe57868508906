import { type Finding, type Locate, placed } from "../lint/finding.ts";
import { bySeverity, lintPlan } from "../lint/lint.ts";
import { mergeFiles } from "./merge.ts";
import { type PlanFile, type ReadFile, readFile } from "./read-file.ts";
import { type Plan, planSchema } from "./schema.ts";
import { schemaRemarks } from "./schema-remarks.ts";

export type { PlanFile } from "./read-file.ts";

export interface ParsedPlan {
  /** Undefined when the file cannot be understood; findings say why. */
  readonly plan?: Plan | undefined;
  readonly findings: Finding[];
}

/**
 * Reads a plan from YAML: syntax, schema, references and rules, all with their places. Several files are merged by their
 * top-level keys. Never throws for bad input: whatever is wrong is a finding.
 */
export function parsePlan(files: PlanFile | readonly PlanFile[]): ParsedPlan {
  const sources = ("text" in files ? [files] : files).map(readFile);
  const unreadable = sources.flatMap((source) => source.findings);
  if (unreadable.length > 0) return { findings: unreadable };
  const { value, remarks } = mergeFiles(sources);
  const locate = locateIn(sources);
  const parsed = planSchema.safeParse(value);
  const problems = parsed.success ? remarks : [...remarks, ...schemaRemarks(planSchema, parsed.error, value)];
  if (problems.length > 0 || !parsed.success)
    return { findings: problems.map((remark) => placed(remark, locate)).sort(bySeverity) };
  return { plan: parsed.data, findings: lintPlan(parsed.data, locate) };
}

/** The place in the first file that has the path; the plan as a whole begins with the first file. */
function locateIn(sources: readonly ReadFile[]): Locate {
  return (path) => {
    for (const source of sources) {
      const place = source.locate(path);
      if (place !== undefined) return place;
    }
    const [first] = sources;
    return path.length === 0 && first !== undefined ? { file: first.name, line: 1, column: 1 } : undefined;
  };
}
