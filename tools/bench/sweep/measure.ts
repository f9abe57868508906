import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeLargeDomain, previewLargeDomain } from "@muster/repository/testing";

/** One step of the benchmark, in a process of its own so that its peak of memory is its own. */
const [step = "", path = "", scratch = "", chunks = "0", points = "0"] = process.argv.slice(2);
const domain = { path, chunks: Number(chunks), points: Number(points) };

if (step === "make") {
  await makeLargeDomain(domain);
} else {
  const sizeOf = (file: string): number => statSync(join(scratch, file), { throwIfNoEntry: false })?.size ?? 0;
  let disk = 0;
  const look = setInterval(() => {
    const files = readdirSync(scratch, { recursive: true, encoding: "utf8" });
    disk = Math.max(
      disk,
      files.reduce((sum, file) => sum + sizeOf(file), 0),
    );
  }, 100);
  const began = performance.now();
  const report = await previewLargeDomain(domain, scratch, ["p0"]);
  const seconds = (performance.now() - began) / 1000;
  clearInterval(look);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const [swept] = report.domains;
  const outcome = {
    seconds,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakBytes: maxRSS * 1024,
    diskBytes: disk,
    chunks: swept?.chunks,
    packs: swept?.stored.packs,
    marked: swept?.marked.packs,
    notes: swept?.notes,
  };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
