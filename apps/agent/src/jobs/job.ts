import { createLogger, MusterError, systemClock } from "@muster/core";
import {
  CommandFinishedSchema,
  CommandSchema,
  create,
  type FinishAside,
  FinishAside_Verb,
  fromBinary,
  toBinary,
} from "@muster/protocol/grpc";
import { createSource } from "../sources/registry.ts";
import type { Source, SourceContext } from "../sources/source.ts";
import type { Outcome } from "../work/failure.ts";
import { backUp } from "./backup.ts";
import { copy } from "./copy.ts";
import type { JobMessage, JobRequest } from "./messages.ts";
import { checkRestore, restore } from "./restore.ts";
import { throttledProgress } from "./throttle.ts";

type Progress = Extract<JobMessage, { kind: "progress" }>;

/** Does the work of one job and returns its outcome as a CommandFinished message in base64. */
export async function performJob(
  request: JobRequest,
  signal: AbortSignal,
  report: (progress: Progress) => void,
): Promise<string> {
  const context: SourceContext = {
    signal,
    clock: systemClock,
    log: createLogger(`job ${request.name}`, "warn"),
    stateDirectory: request.stateDirectory,
    workDirectory: request.workDirectory,
    progress: throttledProgress((done, total, unit, note) => report({ kind: "progress", done, total, unit, note })),
  };
  const outcome = await dispatch(context, request);
  const message = create(CommandFinishedSchema, { outcome });
  return Buffer.from(toBinary(CommandFinishedSchema, message)).toString("base64");
}

async function dispatch(context: SourceContext, request: JobRequest): Promise<Outcome> {
  const { work } = fromBinary(CommandSchema, Buffer.from(request.work, "base64"));
  if (work.case === "copy") return copy(context, work.value, request);
  const source = await sourceOf(request);
  switch (work.case) {
    case "backup":
      return backUp(source, context, work.value, request);
    case "checkRestore":
      return checkRestore(source, context, work.value);
    case "restore":
      return restore(source, context, work.value, request);
    case "aside":
      return finishAside(source, context, work.value);
    default:
      throw new MusterError("internal", `a job was asked for ${work.case ?? "nothing"}`);
  }
}

function sourceOf({ name, source }: JobRequest): Promise<Source> {
  if (source === undefined) throw new MusterError("source-unknown", `agent.yaml has no source "${name}"`);
  return createSource(name, source.config, source.secrets);
}

async function finishAside(source: Source, context: SourceContext, { verb, asideId }: FinishAside): Promise<Outcome> {
  switch (verb) {
    case FinishAside_Verb.ACCEPT:
      return { case: "aside", value: { notes: await source.accept(context, asideId) } };
    case FinishAside_Verb.ROLL_BACK:
      return { case: "aside", value: { notes: await source.rollBack(context, asideId) } };
    default:
      throw new MusterError("usage", "neither accept nor roll back was asked for");
  }
}
