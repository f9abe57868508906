import { formatDuration } from "@muster/core";
import { type Html, html } from "./html.ts";
import { isEnded, type PublicRecovery, type TierProgress } from "./public-view.ts";
import { agoWords } from "./words.ts";

const tierStates: Readonly<Record<TierProgress["state"], string>> = {
  waiting: "Waiting",
  working: "In progress",
  done: "Back",
  stopped: "Stopped",
};

/** A recovery with the progress of each of its tiers; `now` in milliseconds since the epoch. */
export function recoverySection(recovery: PublicRecovery, now: number): Html {
  const id = `recovery-${recovery.id}`;
  return html`<section class="card recovery${isEnded(recovery.state) ? "" : " live"}" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${titleOf(recovery)}</h2>
<p class="quiet">Begun ${agoWords(recovery.startedAt, now)}${tookWords(recovery)}</p>
<ol class="tiers">${recovery.tiers.map(tierRow)}</ol>
</section>`;
}

function tierRow({ name, done, total, state }: TierProgress): Html {
  return html`<li class="${state}"><div class="row"><h3>${name}</h3><span class="quiet">${tierStates[state]} · ${done} of ${total} steps</span></div>
<progress value="${done}" max="${Math.max(total, 1)}" aria-label="${name}: ${done} of ${total} steps done"></progress></li>`;
}

function titleOf({ state }: PublicRecovery): string {
  if (state === "rolled_back") return "A recovery was taken back";
  if (state === "succeeded") return "Services were recovered";
  if (state === "paused") return "The recovery is paused";
  return isEnded(state) ? "A recovery has ended" : "Services are being recovered";
}

function tookWords({ startedAt, finishedAt }: PublicRecovery): string {
  return finishedAt === undefined ? "" : `, took ${formatDuration(finishedAt - startedAt)}`;
}
