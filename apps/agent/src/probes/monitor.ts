import { type Clock, deadline, MusterError, sleep } from "@muster/core";
import { create, type ProbeResult, ProbeResultSchema, timestampFromMs } from "@muster/protocol/grpc";
import type { Secrets } from "../config/secrets.ts";
import { checkOnce, type ProbeContext } from "./check.ts";
import type { ProbeConfig } from "./config.ts";

export interface ProbeMonitor {
  /** Checks every probe at its interval until the signal aborts; reports each change at once. */
  run(signal: AbortSignal, report: (results: ProbeResult[]) => void): Promise<void>;
  /** The state of every probe that was checked. */
  current(): ProbeResult[];
  /** One fresh check, apart from the schedule. Throws `probe-unknown`. */
  check(name: string, signal?: AbortSignal): Promise<Checked>;
}

export interface Checked {
  readonly passed: boolean;
  readonly message: string;
  readonly latencyMs: number;
  readonly checkedAt: number;
}

type State = "starting" | "passing" | "failing";

/** What is known of one probe. */
export interface ProbeState {
  readonly state: State;
  readonly since: number;
  readonly failures: number;
}

/**
 * The state after one more check. A pass is believed at once; a failure after `retries` more of them, and while a probe is
 * starting only after its start period.
 */
export function nextState(
  before: ProbeState,
  checked: Pick<Checked, "passed" | "checkedAt">,
  config: Pick<ProbeConfig, "retries" | "startPeriod">,
  startedAt: number,
): ProbeState {
  const { passed, checkedAt } = checked;
  const failures = passed ? 0 : before.failures + 1;
  const move = (state: State): ProbeState => ({
    state,
    failures,
    since: state === before.state ? before.since : checkedAt,
  });
  if (passed) return move("passing");
  if (before.state === "starting" && checkedAt < startedAt + config.startPeriod) return move("starting");
  return move(failures > config.retries || before.state === "failing" ? "failing" : before.state);
}

export function probeMonitor(options: {
  readonly probes: Readonly<Record<string, ProbeConfig>>;
  readonly secrets: ReadonlyMap<string, Secrets>;
  readonly runAction: ProbeContext["runAction"];
  readonly clock: Clock;
}): ProbeMonitor {
  const { probes, clock } = options;
  const results = new Map<string, ProbeResult>();
  const startedAt = clock.now();

  const check = async (name: string, signal?: AbortSignal): Promise<Checked> => {
    const config = Object.hasOwn(probes, name) ? probes[name] : undefined;
    if (config === undefined) throw new MusterError("probe-unknown", `agent.yaml has no probe "${name}"`);
    const began = performance.now();
    const secrets = options.secrets.get(`probes.${name}`) ?? {};
    const context = { signal: deadline(config.timeout, signal), secrets, runAction: options.runAction };
    const outcome = await checkOnce(config, context).then(
      (message) => ({ passed: true, message }),
      (error: unknown) => ({ passed: false, message: error instanceof Error ? error.message : String(error) }),
    );
    return { ...outcome, latencyMs: performance.now() - began, checkedAt: clock.now() };
  };

  const watch = async (name: string, config: ProbeConfig, signal: AbortSignal, report: (r: ProbeResult[]) => void) => {
    let state: ProbeState = { state: "starting", since: startedAt, failures: 0 };
    while (!signal.aborted) {
      const checked = await check(name, signal);
      if (signal.aborted) return;
      const before = state.state;
      state = nextState(state, checked, config, startedAt);
      const result = resultOf(name, state, checked);
      const first = !results.has(name);
      results.set(name, result);
      if (first || state.state !== before) report([result]);
      await sleep(config.interval, signal).catch(() => undefined); // told by the loop's condition
    }
  };

  return {
    check,
    current: () => [...results.values()],
    async run(signal, report) {
      await Promise.all(Object.entries(probes).map(([name, config]) => watch(name, config, signal, report)));
    },
  };
}

function resultOf(probe: string, { state, since }: ProbeState, checked: Checked): ProbeResult {
  return create(ProbeResultSchema, {
    probe,
    state,
    since: timestampFromMs(since),
    checkedAt: timestampFromMs(checked.checkedAt),
    latencyMs: checked.latencyMs,
    message: checked.message,
  });
}
