import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { formatSize } from "@muster/core";
import { run } from "../process/run.ts";
import { withTemporaryFolder } from "../process/temporary-folder.ts";
import { root } from "../workspace.ts";

/** How a sweep's time, memory and disk grow with the number of chunks: `node tools/bench/sweep-growth.ts [chunks …]`. */
const given = process.argv.slice(2).map(Number);
const points = 10;
const program = join(root, "tools/bench/sweep/measure.ts");

for (const chunks of given.length > 0 ? given : [1_000_000]) {
  await withTemporaryFolder("sweep-growth", async (folder) => {
    const [path, scratch] = [join(folder, "store"), join(folder, "scratch")];
    for (const one of [path, scratch]) await mkdir(one, { recursive: true });
    const step = (name: string) =>
      run(process.execPath, [program, name, path, scratch, String(chunks), String(points)], { cwd: root, show: false });
    const made = await step("make");
    if (made.code !== 0) throw new Error(`the domain was not made:\n${made.output}`);
    const measured = await step("sweep");
    if (measured.code !== 0) throw new Error(`the sweep failed:\n${measured.output}`);
    const { seconds, cpuSeconds, peakBytes, diskBytes, ...rest } = JSON.parse(measured.output);
    const time = `${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of CPU)`;
    const room = `${formatSize(peakBytes)} of memory, ${formatSize(diskBytes)} of disk`;
    process.stdout.write(`${chunks} chunks, ${points} points: ${time}, ${room}  ${JSON.stringify(rest)}\n`);
  });
}
