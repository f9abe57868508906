import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { asProblem, type ProblemError } from "../api/problem-error.ts";
import { Problem } from "./problem.tsx";

/** What is asked before something is done. */
export interface Question {
  readonly title: string;
  readonly text: ReactNode;
  /** What the button says. */
  readonly verb: string;
  /** It destroys or replaces something: the name has to be typed. */
  readonly typed?: string | undefined;
  /** A reason may or must be given; it goes to the audit trail. */
  readonly reason?: "optional" | "required" | undefined;
}

interface ConfirmProps {
  readonly question: Question;
  /** Does it; what it throws is shown, and the question stays. */
  onConfirm(reason: string | undefined): Promise<void>;
  onClose(): void;
}

/** The question as a modal dialog: Escape closes it, and the focus goes back to where it was. */
export function Confirm({ question, onConfirm, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemError>();
  const heading = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => dialog.current?.close(); // gives the focus back, then tells onClose

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm(reason.trim() === "" ? undefined : reason.trim());
      close();
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setBusy(false);
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={heading}>{question.title}</h2>
        <div className="text">{question.text}</div>
        {question.reason !== undefined && (
          <label>
            Reason{question.reason === "optional" && " (optional)"}
            <input value={reason} onChange={(event) => setReason(event.target.value)} maxLength={500} />
            <small>It goes to the audit trail.</small>
          </label>
        )}
        {question.typed !== undefined && (
          <label>
            <span>
              Type <strong className="name">{question.typed}</strong> to confirm
            </span>
            <input
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </label>
        )}
        <Problem problem={problem} />
        <div className="buttons">
          <button type="button" onClick={close}>
            Leave it
          </button>
          <button
            type="submit"
            className={question.typed === undefined ? "primary" : "danger"}
            disabled={busy || !isAnswered(question, { typed, reason })}
          >
            {question.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function isAnswered(question: Question, { typed, reason }: { typed: string; reason: string }): boolean {
  if (question.typed !== undefined && typed.trim() !== question.typed) return false;
  return question.reason !== "required" || reason.trim().length >= 3;
}
