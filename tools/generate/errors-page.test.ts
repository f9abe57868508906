import { errorRegistry } from "@muster/core";
import { describe, expect, it } from "vitest";
import { errorsPage, generatedErrorsPage } from "./errors-page.ts";

describe("docs/errors.md", () => {
  it("has one line for each code, and bars in a text do not break the table", () => {
    expect(generatedErrorsPage().match(/^\| `/gm)).toHaveLength(Object.keys(errorRegistry).length);
    const page = errorsPage({ odd: { kind: "invalid", summary: "a|b", hint: "c", retryable: false } });
    expect(page).toContain("| `odd` | invalid | 400 or 422 | a\\|b | c | no |\n");
  });
});
