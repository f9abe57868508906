import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const entry = fileURLToPath(new URL("../index.ts", import.meta.url));

/** Runs a module in a process of its own that prints how many modules of the S3 client were loaded. */
function loadedBy(code: string): number {
  const script = `
    import { registerHooks } from "node:module";
    let loaded = 0;
    registerHooks({ load(url, context, next) { if (url.includes("@aws-sdk")) loaded += 1; return next(url, context); } });
    const store = await import(${JSON.stringify(entry)});
    ${code}
    console.log(loaded);
  `;
  const argv = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  return Number(execFileSync(process.execPath, argv, { encoding: "utf8" }));
}

test("the S3 client is loaded only when a store in S3 is opened", () => {
  expect(loadedBy("await store.openStore('/').catch(() => {});")).toBe(0);
  const address = "s3://bucket?endpoint=http://127.0.0.1:1&ca-file=/nonexistent";
  expect(loadedBy(`await store.openStore("${address}").catch(() => {});`)).toBeGreaterThan(0);
});
