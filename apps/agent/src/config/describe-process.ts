import { createLogger, errorValue } from "@muster/core";
import type { DescribeAnswer, DescribeRequest } from "./load-in-child.ts";

/** Answers one request of the resident agent and ends. */
process.once("message", async (message) => {
  const answer = await work(message as DescribeRequest).catch((thrown: unknown) => ({ error: errorValue(thrown) }));
  process.send?.(answer, () => process.exit(0));
});
process.once("disconnect", () => process.exit(1));

async function work(request: DescribeRequest): Promise<DescribeAnswer> {
  if (request.ask === "config") return { config: (await import("./load.ts")).loadConfig(request.file) };
  const { inventory } = await import("../session/hello.ts");
  const { InventorySchema, toBinary } = await import("@muster/protocol/grpc");
  const made = await inventory(request.loaded, createLogger("muster-agent", "warn"), AbortSignal.timeout(15_000));
  return { inventory: Buffer.from(toBinary(InventorySchema, made)).toString("base64") };
}
