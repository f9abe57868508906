import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { describe, expect, it } from "vitest";
import { isAlive } from "../testing/is-alive.ts";
import { runTool, streamTool } from "./process.ts";

const signal = AbortSignal.timeout(60_000);

describe("a tool", () => {
  it("is read with backpressure: memory does not grow with what it writes", async () => {
    const before = process.memoryUsage().rss;
    let bytes = 0;
    for await (const chunk of streamTool({ argv: ["head", "-c", "300000000", "/dev/zero"], signal }))
      bytes += chunk.length;
    expect(bytes).toBe(300_000_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(120e6);
  });

  it("is killed with its children when the reader stops early", async () => {
    let pid = 0;
    for await (const chunk of streamTool({ argv: ["sh", "-c", "sleep 600 & echo $!; wait"], signal })) {
      pid = Number(Buffer.from(chunk).toString());
      break;
    }
    expect(pid).toBeGreaterThan(1);
    await waitFor("the tool's child to end", () => !isAlive(pid));
  });

  it("throws after the last byte when it fails, so that what came before is known to be incomplete", async () => {
    const chunks: string[] = [];
    const read = async (): Promise<void> => {
      const tool = streamTool({ argv: ["sh", "-c", "echo some; echo why >&2; exit 7"], signal });
      for await (const chunk of tool) chunks.push(Buffer.from(chunk).toString());
    };
    await expect(read()).rejects.toMatchObject({
      code: "source-failed",
      message: "sh ended with status 7: why",
      details: { exitCode: 7 },
    });
    expect(chunks).toEqual(["some\n"]);
  });

  it("keeps only the tail of a long stderr", async () => {
    const call = { argv: ["sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1"], signal };
    const error = await runTool(call).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/the end$/);
    expect(String(error).length).toBeLessThan(10_000);
  });

  it("fails when it ends well without having read its input", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield Buffer.alloc(65_536);
        await sleep(0);
      }
    }
    await expect(runTool({ argv: ["true"], signal, input: endless() })).rejects.toMatchObject({
      code: "source-failed",
    });
  });

  it("is cancelled with its caller", async () => {
    const abort = new AbortController();
    const running = runTool({ argv: ["sleep", "600"], signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    await expect(runTool({ argv: ["true"], signal: abort.signal })).rejects.toMatchObject({ code: "cancelled" });
  });

  it("gets its arguments as they are, without a shell", async () => {
    const home = await mkdtemp(join(tmpdir(), "muster-process-"));
    const { stdout } = await runTool({ argv: ["printf", "%s", `$(touch ${home}/made); 'x'`], signal });
    expect(stdout).toBe(`$(touch ${home}/made); 'x'`);
    expect(await readdir(home)).toEqual([]);
    await rm(home, { recursive: true });
  });
});
