import { expect, it } from "vitest";
import { testTerminal } from "../testing-terminal.ts";
import { createLiveView } from "./live-view.ts";

it("draws over the lines before in one write, cuts what is too wide, and leaves the cursor as it was", () => {
  const terminal = testTerminal("/", { live: true, columns: () => 20 });
  {
    using view = createLiveView(terminal);
    view.show(["one", "two"]);
    const before = terminal.errors().length;
    view.show(["one", "two"]);
    expect(terminal.errors()).toHaveLength(before);
    view.show(["one", "a line that is much too wide"]);
    expect(terminal.errors().slice(before)).toBe(
      "\x1b[?2026h\x1b[?25l\x1b[2A\rone\x1b[K\na line that is muc…\x1b[K\n\x1b[J\x1b[?2026l",
    );
  }
  expect(terminal.errors().endsWith("\x1b[?25h")).toBe(true);
});

it("writes plain lines elsewhere, and each only when its words change", () => {
  const terminal = testTerminal("/");
  using view = createLiveView(terminal);
  view.show(["restore  10%  1.00 MB of 10 MB  loading"]);
  view.show(["restore  20%  2.00 MB of 10 MB  loading"]);
  view.show(["restore  done"]);
  expect(terminal.errors()).toBe("restore  10%  1.00 MB of 10 MB  loading\nrestore  done\n");
});
