export { dumpDatabase } from "./dump/dump.ts";
export { loadDump } from "./dump/load.ts";
export { type Database, type DatabasePlace, type OpenDatabase, openDatabase, type Queryable } from "./open.ts";
export * from "./schema/index.ts";
