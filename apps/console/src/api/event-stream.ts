/** One server-sent event; comments are left out. */
export interface ServerEvent {
  readonly id: string | undefined;
  readonly data: string;
}

/** Splits text that comes in pieces into server-sent events, as the HTML standard describes them (9.2.6). */
export function createEventReader(): (piece: string) => ServerEvent[] {
  let text = "";
  return (piece) => {
    text = (text + piece).replaceAll("\r\n", "\n");
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    return blocks.flatMap((block) => readEvent(block) ?? []);
  };
}

function readEvent(block: string): ServerEvent | undefined {
  const data: string[] = [];
  let id: string | undefined;
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "data") data.push(value);
    if (name === "id") id = value;
  }
  return data.length === 0 ? undefined : { id, data: data.join("\n") };
}
