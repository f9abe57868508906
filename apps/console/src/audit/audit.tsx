import { type ApiAuditRecord, auditRecordSchema, auditVerdictSchema, pageOf } from "@muster/protocol";
import { useState } from "react";
import { asProblem, type ProblemError } from "../api/problem-error.ts";
import { useResource } from "../api/use-resource.ts";
import { Badge } from "../parts/badge.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { useSession } from "../session/session.ts";
import { instantText } from "../words.ts";
import { detailsText } from "./details.ts";

const recordsSchema = pageOf(auditRecordSchema);

/** Every act of people and of the system, newest first. */
export function Audit() {
  const [older, setOlder] = useState<readonly string[]>([]);
  const cursor = older.at(-1);
  const path = `/api/v1/audit?limit=50${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
  const { data, problem } = useResource(path, recordsSchema);
  const next = data?.next;
  return (
    <Page title="Audit" aside={<Verdict />}>
      <Problem problem={problem} />
      {data !== undefined && <Records records={data.items} />}
      <nav className="pager" aria-label="Pages of the audit trail">
        <button type="button" disabled={older.length === 0} onClick={() => setOlder(older.slice(0, -1))}>
          ← Newer
        </button>
        <button type="button" disabled={next === undefined} onClick={() => next && setOlder([...older, next])}>
          Older →
        </button>
      </nav>
    </Page>
  );
}

/** Has the chain of hashes checked on request. */
function Verdict() {
  const { api } = useSession();
  const [verdict, setVerdict] = useState<{ ok: boolean; message: string }>();
  const [problem, setProblem] = useState<ProblemError>();
  const verify = (): void => {
    api.get("/api/v1/audit/verify", auditVerdictSchema).then(
      (answer) => {
        setVerdict(answer);
        setProblem(undefined);
      },
      (thrown: unknown) => setProblem(asProblem(thrown)),
    );
  };
  return (
    <div className="verdict" role="status">
      <Problem problem={problem} />
      {verdict !== undefined && <Badge tone={verdict.ok ? "good" : "bad"}>{verdict.message}</Badge>}
      <button type="button" onClick={verify}>
        Verify the chain
      </button>
    </div>
  );
}

function Records({ records }: { readonly records: readonly ApiAuditRecord[] }) {
  return (
    <section className="card">
      <table className="audit">
        <caption className="hidden">Audit records, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Moment</th>
            <th scope="col">Who</th>
            <th scope="col">Did what</th>
            <th scope="col">To what</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          {records.map(({ seq, at, actor, action, subject, details }) => (
            <tr key={seq}>
              <td className="nowrap number">{instantText(at)}</td>
              <td className="nowrap">{actor}</td>
              <td className="nowrap">{action}</td>
              <td className="breakable">{subject}</td>
              <td className="quiet breakable">{detailsText(details)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
