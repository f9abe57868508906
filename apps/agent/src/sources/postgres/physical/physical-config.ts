import type { PostgresConfig } from "../config.ts";

/** What agent.yaml says of a source with `method: physical`. */
export interface PhysicalConfig extends PostgresConfig {
  readonly dataDirectory: string;
}

/** The configuration as that of a physical source; the schema has seen to it that nothing is missing. */
export function isPhysical(config: PostgresConfig): config is PhysicalConfig {
  return config.method === "physical" && config.dataDirectory !== undefined;
}
