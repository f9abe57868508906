import type { Secrets } from "../config/secrets.ts";
import type { ProbeConfig } from "./config.ts";

export interface ProbeContext {
  /** Aborts at the probe's timeout. */
  readonly signal: AbortSignal;
  readonly secrets: Secrets;
  /** Runs an action of the allow-list; its exit code and last output. */
  readonly runAction: (name: string, signal: AbortSignal) => Promise<{ exitCode: number; output: string }>;
}

/** One check: what was measured, in words. Throws an error whose message says why the thing is not healthy. */
export async function checkOnce(config: ProbeConfig, context: ProbeContext): Promise<string> {
  switch (config.type) {
    case "http":
      return (await import("./http.ts")).checkHttp(config, context);
    case "tcp":
      return (await import("./tcp.ts")).checkTcp(config, context);
    case "postgres":
      return (await import("./postgres.ts")).checkPostgres(config, context);
    case "redis":
      return (await import("./redis.ts")).checkRedis(config, context);
    case "disk":
      return (await import("./disk.ts")).checkDisk(config);
    case "action":
      return (await import("./action.ts")).checkAction(config, context);
    default:
      return config satisfies never;
  }
}

/** Where a probe looks, without secrets. */
export function probeTarget(config: ProbeConfig): string {
  switch (config.type) {
    case "http":
      return config.url.replace(/\/\/[^/@]*@/, "//");
    case "postgres":
      return `${config.host}:${config.port}/${config.database}`;
    case "tcp":
    case "redis":
      return `${config.host}:${config.port}`;
    case "disk":
      return config.path;
    case "action":
      return config.action;
    default:
      return config satisfies never;
  }
}
