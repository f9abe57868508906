import { statfsSync } from "node:fs";
import { makeLargeDomain, previewLargeDomain } from "@muster/repository/testing";

/** One step of the benchmark, in a process of its own so that its peak of memory is its own. */
const [step = "", path = "", scratch = "", chunks = "0", points = "0"] = process.argv.slice(2);
const domain = { path, chunks: Number(chunks), points: Number(points) };

if (step === "make") {
  await makeLargeDomain(domain);
} else {
  const usedNow = (): number => {
    const { blocks, bfree, bsize } = statfsSync(scratch);
    return (blocks - bfree) * bsize;
  };
  const before = usedNow();
  let disk = 0;
  const look = setInterval(() => {
    disk = Math.max(disk, usedNow() - before);
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
