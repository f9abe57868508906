/** Real servers for tests, each in a temporary folder on a free loopback port. */

/** The parts of WAL archiving that a benchmark drives one by one. */
export { serveArchive } from "../sources/postgres/wal/archive/serve-archive.ts";
export { writeCommand } from "../sources/postgres/wal/commands.ts";
export { servePrefetch } from "../sources/postgres/wal/fetch/prefetch.ts";
export { openHandover } from "../sources/postgres/wal/handover.ts";
/** The jobs of an agent in their real processes, with what they cost. */
export { type JobCost, type TestJobs, testJobs } from "./jobs.ts";
export { freePort } from "./ports.ts";
export { type ClusterOptions, startCluster, type TestCluster } from "./postgres-cluster.ts";
export { testedMajors } from "./postgres-programs.ts";
export { startPostgres, type TestPostgres } from "./postgres-server.ts";
export { startRedis, type TestRedis } from "./redis-server.ts";
export { startWalProcess, type WalProcess } from "./wal-process.ts";
