import { join } from "node:path";

/** Where the agent keeps what must survive a restart. Everything in it is readable by its own user only. */
export interface DataDirectory {
  readonly root: string;
  readonly identity: string;
  readonly lock: string;
  readonly journal: string;
  readonly schedule: string;
  /** One directory per running job, removed when it ends. */
  readonly jobs: string;
  /** One directory per source that survives its jobs. */
  readonly sources: string;
}

export const defaultConfigFile = "/etc/muster/agent.yaml";
export const defaultDataDirectory = "/var/lib/muster-agent";

export function dataDirectory(root: string): DataDirectory {
  return {
    root,
    identity: join(root, "identity.json"),
    lock: join(root, "agent.lock"),
    journal: join(root, "journal.jsonl"),
    schedule: join(root, "schedule.sealed"),
    jobs: join(root, "jobs"),
    sources: join(root, "sources"),
  };
}
