import { fleetStatusSchema } from "@muster/protocol";
import { type FormEvent, useState } from "react";
import { createApi } from "../api/api.ts";
import { asProblem, type ProblemError } from "../api/problem-error.ts";
import { Problem } from "../parts/problem.tsx";

interface SignInProps {
  /** Why the last session ended. */
  readonly because: ProblemError | undefined;
  onToken(token: string): void;
}

/** Takes a token that the control plane accepts. */
export function SignIn({ because, onToken }: SignInProps) {
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(because);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const given = token.trim();
    setBusy(true);
    setProblem(undefined);
    try {
      await createApi(given).get("/api/v1/status", fleetStatusSchema);
      onToken(given);
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit}>
        <h1>Muster console</h1>
        <label>
          API token
          <input
            type="password"
            value={token}
            onChange={(event) => setToken(event.target.value)}
            autoComplete="off"
            spellCheck={false}
            required
          />
          <small>
            From <code>muster token create --api NAME --role operator</code>. It is kept in this tab only.
          </small>
        </label>
        <Problem problem={problem} />
        <button type="submit" className="primary" disabled={busy || token.trim() === ""}>
          Sign in
        </button>
      </form>
      <p className="quiet">
        <a href="/">Public status page</a>
      </p>
    </main>
  );
}
