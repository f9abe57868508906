import { createContext, useContext } from "react";
import type { Api } from "../api/api.ts";
import type { ProblemError } from "../api/problem-error.ts";

/** Who is signed in: the API in their name, and the way out. */
export interface Session {
  readonly api: Api;
  /** With the problem that ended it, if one did. */
  signOut(because?: ProblemError): void;
}

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session that a component lives in. Throws outside one. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("this component needs a session around it");
  return session;
}
