import type { Block, KitDocument, Section } from "./document.ts";
import { kitStyle } from "./style.ts";

/** The kit as one page without scripts and without anything from elsewhere, made to be printed on A4 or Letter. */
export function kitHtml({ title, subtitle, sections }: KitDocument): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<style>${kitStyle}</style>
</head>
<body>
<header><h1>${escaped(title)}</h1><p>${escaped(subtitle)}</p></header>
${sections.map(sectionHtml).join("\n")}
</body>
</html>
`;
}

function sectionHtml({ title, blocks }: Section): string {
  return `<section>\n<h2>${escaped(title)}</h2>\n${blocks.map(blockHtml).join("\n")}\n</section>`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case "text":
      return `<p>${prose(block.text)}</p>`;
    case "warning":
      return `<p class="warning">${escaped(block.text)}</p>`;
    case "commands":
      return `<pre>${block.lines.map((line) => `<code>${words(line)}</code>`).join("")}</pre>`;
    case "blanks":
      return `<dl class="blanks">${block.labels.map((label) => `<div><dt>${escaped(label)}</dt><dd></dd></div>`).join("")}</dl>`;
    case "table":
      return tableHtml(block.headings, block.rows);
    default:
      return block satisfies never;
  }
}

function tableHtml(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = headings.map((cell) => `<th>${escaped(cell)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cellHtml(cell)}</td>`).join("")}</tr>`).join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

/** A date is not broken at its hyphens. */
function cellHtml(cell: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(cell) ? `<span>${cell}</span>` : escaped(cell);
}

/** A line of a command breaks between words only: a dash at a line's end would be typed wrongly. */
function words(line: string): string {
  return line
    .split(" ")
    .map((word) => `<span>${escaped(word)}</span>`)
    .join(" ");
}

/** Options within a text are not broken either. */
function prose(content: string): string {
  return escaped(content).replaceAll(/--[a-z][a-z-]*/g, (option) => `<span>${option}</span>`);
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
