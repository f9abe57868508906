import type { ProblemError } from "../api/problem-error.ts";

/** An error with its hint and its code; read out when it appears. */
export function Problem({ problem }: { readonly problem: ProblemError | undefined }) {
  if (problem === undefined) return null;
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{sentence(problem.message)}</strong> {problem.hint} <code>{problem.code}</code>
      </p>
    </div>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
