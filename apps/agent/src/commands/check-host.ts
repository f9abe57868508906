import { deadline, systemClock } from "@muster/core";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { probeTarget } from "../probes/check.ts";
import { probeMonitor } from "../probes/monitor.ts";
import { createSource } from "../sources/registry.ts";
import { actionNamed, runAction } from "../work/run-action.ts";
import { agentLogger, untilSignalled } from "./shared-options.ts";

const inspectTimeout = 10_000;

interface Row {
  readonly ok: boolean;
  readonly cells: readonly [kind: string, name: string, type: string, where: string, result: string];
}

/** Prints what was found; the exit status is 1 when something is wrong. */
export async function checkHost(file: string): Promise<void> {
  const loaded = loadConfig(file);
  const signal = untilSignalled();
  const rows = [...(await inspectAll(loaded, signal)), ...(await probeAll(loaded, signal))];
  process.stdout.write(table(rows));
  const failed = rows.filter(({ ok }) => !ok).length;
  const actions = Object.keys(loaded.config.actions).length;
  process.stdout.write(`${file} is valid: ${rows.length} checked, ${failed} failed, ${actions} actions allowed\n`);
  if (failed > 0) process.exitCode = 1;
}

function inspectAll({ config, secrets }: LoadedConfig, signal: AbortSignal): Promise<Row[]> {
  const log = agentLogger();
  return Promise.all(
    Object.entries(config.sources).map(async ([name, entry]): Promise<Row> => {
      const source = await createSource(name, entry, secrets.get(`sources.${name}`) ?? {});
      const about = ["source", name, source.type, source.location] as const;
      try {
        const facts = await source.inspect({ signal: deadline(inspectTimeout, signal), log });
        return { ok: true, cells: [...about, summary(facts)] };
      } catch (error) {
        return { ok: false, cells: [...about, error instanceof Error ? error.message : String(error)] };
      }
    }),
  );
}

async function probeAll({ config, secrets }: LoadedConfig, signal: AbortSignal): Promise<Row[]> {
  const { actions, limits, probes } = config;
  const monitor = probeMonitor({
    probes,
    secrets,
    clock: systemClock,
    runAction: (name, abort) => runAction(name, actionNamed(actions, name), { signal: abort, grace: limits.grace }),
  });
  return Promise.all(
    Object.entries(probes).map(async ([name, probe]): Promise<Row> => {
      const { passed, message } = await monitor.check(name, signal);
      return { ok: passed, cells: ["probe", name, probe.type, probeTarget(probe), message] };
    }),
  );
}

function summary(facts: Readonly<Record<string, unknown>>): string {
  const plain = Object.entries(facts).filter(([, value]) => typeof value !== "object");
  return plain.map(([key, value]) => `${key}=${value}`).join(" ") || "ok";
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ ok, cells }) => [ok ? "ok" : "FAILED", ...cells]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => `${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}\n`).join("");
}
