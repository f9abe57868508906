import { createHash } from "node:crypto";
import type { DayState } from "./days.ts";
import { type Html, html, raw } from "./html.ts";
import { recoverySection } from "./page-recovery.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import { isEnded, type PublicService, type PublicTier, type PublicView } from "./public-view.ts";
import { agoWords, protectionWords, stateWords } from "./words.ts";

/** Per service id, the worst state of each of the last days, oldest first. */
export type Days = ReadonlyMap<string, readonly DayState[]>;

/** The public page: one document without outside parts, complete without JavaScript. */
export function publicPage(view: PublicView, days: Days): string {
  const active = view.recoveries.filter(({ state }) => !isEnded(state));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${view.description} · ${view.title}</title>
<noscript><meta http-equiv="refresh" content="30"></noscript>
<style>${raw(pageStyle)}</style>
</head>
<body>
<a class="skip" href="#services">Skip to the services</a>
<header class="top"><h1>${view.title}</h1></header>
<main id="main">
${banner(view)}
${active.map((recovery) => recoverySection(recovery, Date.parse(view.at)))}
<div id="services">${view.tiers.map((tier) => tierSection(view, tier, days))}${nothingYet(view)}</div>
${history(view)}
</main>
<footer><p>Measured <time datetime="${view.at}">${utcWords(view.at)}</time>. The page renews itself.</p>
<p>Feeds: <a href="/api/v2/summary.json">summary</a> · <a href="/api/v2/components.json">components</a> · <a href="/api/v2/incidents.json">incidents</a></p></footer>
<script>${raw(pageScript)}</script>
</body>
</html>
`;
  return page.markup;
}

/** Hashes of the page's own style and script for a content security policy, as `'sha256-…'`. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src '${sourceHash(pageStyle)}'`,
  `script-src '${sourceHash(pageScript)}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

function sourceHash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function banner({ indicator, description }: PublicView): Html {
  return html`<section class="banner ${indicator}" role="status" aria-live="polite"><span class="mark" aria-hidden="true"></span><p>${description}</p></section>`;
}

function tierSection(view: PublicView, tier: PublicTier, days: Days): Html {
  return html`<section class="card" aria-labelledby="tier-${tier.tier}">
<h2 id="tier-${tier.tier}">${tier.name}<span class="quiet"> Tier ${tier.tier}</span></h2>
<ul>${tier.services.map((service) => serviceRow(view, service, days.get(service.id)))}</ul>
</section>`;
}

function serviceRow(view: PublicView, service: PublicService, days: readonly DayState[] | undefined): Html {
  const now = Date.parse(view.at);
  const details = [
    service.description,
    service.protection === undefined ? undefined : protectionWords(service.protection, now),
    service.status !== "operational" && service.since !== undefined
      ? `Since ${agoWords(Date.parse(service.since), now)}`
      : undefined,
  ].filter((text) => text !== undefined);
  return html`<li><div class="row"><h3>${service.name}</h3><span class="state ${service.status}">${stateWords[service.status]}</span></div>
${details.length === 0 ? undefined : html`<p class="quiet">${details.join(" · ")}</p>`}${days === undefined ? undefined : bars(days)}</li>`;
}

function bars(days: readonly DayState[]): Html {
  const bad = days.filter((day) => day === "down").length;
  const known = days.filter((day) => day !== "unknown").length;
  const label = `Last ${days.length} days: measured on ${known}, with trouble on ${bad}`;
  return html`<div class="bars" role="img" aria-label="${label}">${days.map((day) => html`<i class="${day}"></i>`)}</div>
<p class="scale quiet" aria-hidden="true"><span>${days.length} days ago</span><span>Today</span></p>`;
}

function nothingYet(view: PublicView): Html | undefined {
  return view.tiers.length === 0 ? html`<p class="card quiet">No public services have been set up yet.</p>` : undefined;
}

function history(view: PublicView): Html | undefined {
  const past = view.recoveries.filter(({ state }) => isEnded(state));
  if (past.length === 0) return undefined;
  return html`<h2 class="past">Past recoveries</h2>${past.slice(0, 5).map((recovery) => recoverySection(recovery, Date.parse(view.at)))}`;
}

function utcWords(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}
