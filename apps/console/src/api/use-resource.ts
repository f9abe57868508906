import { useEffect, useReducer, useState } from "react";
import type { z } from "zod";
import { useSession } from "../session/session.ts";
import { asProblem, type ProblemError } from "./problem-error.ts";

/** Between two looks, in milliseconds. */
const every = 3000;

export interface Resource<T> {
  /** The last good answer; it stays while later ones fail. */
  readonly data: T | undefined;
  readonly problem: ProblemError | undefined;
  refresh(): void;
}

/** Reads an address now and every few seconds while the page is visible. */
export function useResource<T>(path: string, schema: z.ZodType<T>): Resource<T> {
  const { api, signOut } = useSession();
  const [asked, refresh] = useReducer((times: number) => times + 1, 0);
  const [answer, setAnswer] = useState<{ path: string; data?: T; problem?: ProblemError }>({ path });

  // biome-ignore lint/correctness/useExhaustiveDependencies(asked): a refresh looks at once
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      clearTimeout(timer);
      try {
        const data = await api.get(path, schema, stop.signal);
        if (!stop.signal.aborted) setAnswer({ path, data });
      } catch (thrown) {
        if (stop.signal.aborted) return;
        const problem = asProblem(thrown);
        if (problem.status === 401) return signOut(problem);
        setAnswer((last) => ({ ...(last.path === path ? last : { path }), problem }));
      }
      if (!stop.signal.aborted && !document.hidden) timer = setTimeout(look, every);
    };
    const onVisible = (): void => void (document.hidden || look());
    document.addEventListener("visibilitychange", onVisible);
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [api, path, schema, signOut, asked]);

  const { data, problem } = answer.path === path ? answer : {};
  return { data, problem, refresh };
}
