import { type Clock, formatDuration, type Logger } from "@muster/core";
import { fromBinary, InventorySchema, type Schedule } from "@muster/protocol/grpc";
import type { LoadedConfig } from "./config/load.ts";
import { inventoryInChild } from "./config/load-in-child.ts";
import { dataDirectory } from "./data/directory.ts";
import { takeLock } from "./data/lock.ts";
import { requireIdentity } from "./enrolment/identity.ts";
import { keepCertificate } from "./enrolment/keep-certificate.ts";
import { openJournal } from "./journal/journal.ts";
import { openOfflineBackups } from "./offline/offline-backups.ts";
import { probeMonitor } from "./probes/monitor.ts";
import { streamAnswers } from "./session/answers.ts";
import { outbox as makeOutbox } from "./session/outbox.ts";
import { keepSession } from "./session/session.ts";
import { dispatcher as makeDispatcher } from "./work/dispatcher.ts";
import { jobRunner, removeLeftJobs } from "./work/job-runner.ts";
import { performer } from "./work/perform.ts";
import { actionNamed, runAction } from "./work/run-action.ts";
import { walKeeper } from "./work/wal-keeper.ts";

/** Probe states go to the control plane at least so often, in milliseconds. */
const probeBatchInterval = 30_000;

/**
 * The resident agent: takes the lock, answers for what was interrupted, then holds the session, watches the probes, renews
 * the certificate, protects continuous sources and protects by itself while the control plane is away, until the signal aborts.
 */
export async function runAgent(loaded: LoadedConfig, clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
  const { config } = loaded;
  const directory = dataDirectory(config.data);
  const lock = takeLock(directory.lock);
  try {
    let identity = requireIdentity(directory.identity);
    const journal = await openJournal(directory.journal, clock);
    await removeLeftJobs(directory);

    const outbox = makeOutbox();
    const monitor = probeMonitor({
      probes: config.probes,
      secrets: loaded.secrets,
      clock,
      runAction: (name, abort) =>
        runAction(name, actionNamed(config.actions, name), { signal: abort, grace: config.limits.grace }),
    });
    const jobs = jobRunner({ loaded, directory, host: identity.host, log });
    const dispatcher = makeDispatcher({
      journal,
      perform: performer({ config, monitor, jobs, clock }),
      answers: streamAnswers(outbox, clock),
      clock,
      log,
    });
    const offline = openOfflineBackups({
      directory,
      identity: () => identity,
      jobs,
      journal,
      outbox,
      config,
      clock,
      log,
    });

    const wal = walKeeper({ loaded, directory, log, schedule: offline.schedule() });

    let renewed = new AbortController();
    const context = {
      journal,
      dispatcher,
      monitor,
      outbox,
      clock,
      log,
      diskPaths: [config.data, ...Object.values(config.sources).flatMap(pathsOf)],
      inventory: async () => fromBinary(InventorySchema, await inventoryInChild(loaded)),
      logs: wal.status,
      async onSchedule(schedule: Schedule) {
        wal.keep(schedule);
        await offline.keep(schedule);
      },
      onWelcome: offline.connected,
      onEnd: offline.disconnected,
    };
    const report = (results: ReturnType<typeof monitor.current>): void => {
      if (results.length > 0) outbox.send({ case: "probes", value: { results } });
    };
    const batch = setInterval(() => report(monitor.current()), probeBatchInterval);
    await Promise.all([
      keepSession({ identity: () => identity, context, log, restart: () => renewed.signal }, signal),
      monitor.run(signal, report),
      offline.run(signal),
      wal.run(signal),
      keepCertificate({ path: directory.identity, identity: () => identity, clock, log }, signal, (next) => {
        identity = next;
        const previous = renewed;
        renewed = new AbortController();
        previous.abort();
      }),
      stopOnAbort(dispatcher, signal, config.limits.grace, log),
    ]);
    clearInterval(batch);
    await journal.close();
  } finally {
    lock.release();
  }
}

async function stopOnAbort(
  dispatcher: { stop(): Promise<string[]> },
  signal: AbortSignal,
  grace: number,
  log: Logger,
): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  log.info({ grace: formatDuration(grace) }, "stopping");
  const interrupted = await dispatcher.stop();
  if (interrupted.length > 0) log.warn({ interrupted }, `interrupted: ${interrupted.join(", ")}`);
}

/** The places on disk that an entry of agent.yaml names. */
function pathsOf(source: object): string[] {
  return Object.entries(source).flatMap(([key, value]) =>
    /^(path|root|directory|dataDirectory|paths)$/.test(key)
      ? [value].flat().filter((one) => typeof one === "string")
      : [],
  );
}
