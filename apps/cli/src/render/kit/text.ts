import type { Block, KitDocument, Section } from "./document.ts";

const width = 100;

/** The kit as plain text, 100 columns wide; commands are never broken. */
export function kitText({ title, subtitle, sections }: KitDocument): string {
  return `${[title, "=".repeat(title.length), wrapped(subtitle), ...sections.map(sectionText)].join("\n")}\n`;
}

function sectionText({ title, blocks }: Section): string {
  return `\n${title}\n${"-".repeat(title.length)}\n${blocks.map(blockText).join("\n\n")}`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case "text":
      return wrapped(block.text);
    case "warning":
      return wrapped(`!! ${block.text}`);
    case "commands":
      return block.lines.map((line) => `    ${line}`).join("\n");
    case "blanks":
      return block.labels.map((label) => `${label}: `.padEnd(50, "_")).join("\n");
    case "table":
      return [block.headings, ...block.rows].map((row) => `  ${row.join("  |  ")}`).join("\n");
    default:
      return block satisfies never;
  }
}

function wrapped(content: string): string {
  const lines: string[] = [];
  let line = "";
  for (const part of content.split(" ")) {
    if (line !== "" && line.length + 1 + part.length > width) {
      lines.push(line);
      line = part;
    } else line = line === "" ? part : `${line} ${part}`;
  }
  return [...lines, line].join("\n");
}
