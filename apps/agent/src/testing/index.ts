/** Real servers for tests, each in a temporary folder on a free loopback port. */
export { freePort } from "./ports.ts";
export { startPostgres, type TestPostgres } from "./postgres-server.ts";
export { startRedis, type TestRedis } from "./redis-server.ts";
