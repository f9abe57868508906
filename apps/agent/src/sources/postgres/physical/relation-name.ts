/** The name of a relation's file: `<oid>`, with a fork and a segment number where it has them. */
export interface RelationFile {
  readonly oid: string;
  readonly fork: "main" | "fsm" | "vm" | "init";
  readonly segment: number;
}

/** Undefined for names of other files. */
export function parseRelationFile(name: string): RelationFile | undefined {
  const parts = /^(\d+)(?:_(fsm|vm|init))?(?:\.(\d+))?$/.exec(name);
  if (parts === null) return undefined;
  const fork = (parts[2] ?? "main") as RelationFile["fork"]; // what the expression allows
  return { oid: parts[1] ?? "", fork, segment: Number(parts[3] ?? 0) };
}

/** Files of temporary relations, `t<backend>_<oid>`: nobody needs them after a restart. */
export function isTemporaryRelation(name: string): boolean {
  return /^t\d+_\d+(_(fsm|vm|init))?(\.\d+)?$/.test(name);
}
