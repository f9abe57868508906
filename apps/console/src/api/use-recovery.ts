import { type ApiRecovery, recoverySchema } from "@muster/protocol";
import { useEffect, useState } from "react";
import { useSession } from "../session/session.ts";
import { type Api, readAnswer } from "./api.ts";
import { asProblem, type ProblemError } from "./problem-error.ts";

/** Before a lost stream is opened again, in milliseconds; doubled up to the second number. */
const patience = { least: 500, most: 8000 };

export interface LiveRecovery {
  readonly recovery: ApiRecovery | undefined;
  readonly problem: ProblemError | undefined;
  /** Takes an answer that came by another way, if it is newer. */
  take(recovery: ApiRecovery): void;
}

/** A recovery as it changes, over lost connections and restarts of the control plane. */
export function useRecovery(id: string): LiveRecovery {
  const { api, signOut } = useSession();
  const [recovery, setRecovery] = useState<ApiRecovery>();
  const [problem, setProblem] = useState<ProblemError>();
  const take = (next: ApiRecovery): void => setRecovery((last) => newer(last, next));

  useEffect(() => {
    const stop = new AbortController();
    const onProblem = (lost: ProblemError | undefined): void => {
      if (stop.signal.aborted) return;
      if (lost?.status === 401) signOut(lost);
      else setProblem(lost);
    };
    const onRecovery = (next: ApiRecovery): void => {
      if (!stop.signal.aborted) setRecovery((last) => newer(last, next));
    };
    void follow(api, id, { signal: stop.signal, onRecovery, onProblem });
    return () => stop.abort();
  }, [api, id, signOut]);

  return { recovery: recovery?.id === id ? recovery : undefined, problem, take };
}

interface Listener {
  readonly signal: AbortSignal;
  onRecovery(recovery: ApiRecovery): void;
  onProblem(problem: ProblemError | undefined): void;
}

/** Every snapshot that the server sends, until the signal; an answer that will not change by waiting ends it. */
async function follow(api: Api, id: string, { signal, onRecovery, onProblem }: Listener): Promise<void> {
  const path = `/api/v1/recoveries/${encodeURIComponent(id)}/events`;
  let lastId: string | undefined;
  let wait = patience.least;
  while (!signal.aborted) {
    try {
      for await (const event of api.events(path, { lastId, signal })) {
        lastId = event.id;
        wait = patience.least;
        onRecovery(readAnswer(path, recoverySchema, JSON.parse(event.data)));
        onProblem(undefined);
      }
    } catch (thrown) {
      const problem = asProblem(thrown);
      onProblem(problem);
      if (problem.status !== undefined && problem.status < 500 && problem.status !== 429) return;
    }
    await pause(wait, signal);
    wait = Math.min(wait * 2, patience.most);
  }
}

function newer(last: ApiRecovery | undefined, next: ApiRecovery): ApiRecovery {
  return last?.id === next.id && last.revision > next.revision ? last : next;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}
