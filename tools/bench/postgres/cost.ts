import { readFileSync } from "node:fs";

/** What one piece of work cost: seconds by the clock, and seconds of processors in the processes that it started and waited for. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

export async function costOf<T>(work: () => Promise<T>): Promise<{ readonly cost: Cost; readonly result: T }> {
  const [began, before] = [performance.now(), childrenSeconds()];
  const result = await work();
  return { cost: { wall: (performance.now() - began) / 1000, cpu: childrenSeconds() - before }, result };
}

/** User and system time of all children that have ended (cutime and cstime of proc(5), in hundredths of a second). */
function childrenSeconds(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
