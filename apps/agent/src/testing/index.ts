/** Real servers for tests, each in a temporary folder on a free loopback port. */

/** The jobs of an agent in their real processes, with what they cost. */
export { type JobCost, type TestJobs, testJobs } from "./jobs.ts";
export { freePort } from "./ports.ts";
export { type ClusterOptions, startCluster, type TestCluster } from "./postgres-cluster.ts";
export { testedMajors } from "./postgres-programs.ts";
export { startPostgres, type TestPostgres } from "./postgres-server.ts";
export { startRedis, type TestRedis } from "./redis-server.ts";
