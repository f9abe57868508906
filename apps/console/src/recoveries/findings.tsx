import type { ApiRecoveryPreview } from "@muster/protocol";
import { Badge } from "../parts/badge.tsx";
import type { Tone } from "../words.ts";

type Finding = ApiRecoveryPreview["findings"][number];

const tones: Readonly<Record<Finding["severity"], Tone>> = { error: "bad", warning: "warn", info: "quiet" };

/** What the checks found; nothing when there is nothing to say. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <section className="card" aria-label="What the checks found">
      <ul className="findings">
        {findings.map(({ severity, code, subject, message, hint }) => (
          <li key={`${code}/${subject}/${message}`}>
            <Badge tone={tones[severity]}>{severity}</Badge>
            <p>
              <strong>{subject}</strong> {message} <span className="quiet">{hint}</span> <code>{code}</code>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
