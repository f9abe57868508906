export * from "./open.ts";
export * from "./schema/index.ts";
