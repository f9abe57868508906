import { expect, it } from "vitest";
import { createEventReader } from "./event-stream.ts";

it("gives events once they are whole, wherever the pieces were cut", () => {
  const text = ': muster\n\nid: 7\nevent: recovery\ndata: {"a":\ndata: 1}\n\n: still here\n\ndata: x\r\n\r\n';
  for (let size = 1; size <= text.length; size++) {
    const read = createEventReader();
    const events = [];
    for (let start = 0; start < text.length; start += size) events.push(...read(text.slice(start, start + size)));
    expect(events).toEqual([
      { id: "7", data: '{"a":\n1}' },
      { id: undefined, data: "x" },
    ]);
  }
});

it("keeps what is not whole to itself", () => {
  expect(createEventReader()("data: half")).toEqual([]);
});
