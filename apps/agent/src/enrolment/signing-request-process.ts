import { makeSigningRequest } from "./signing-request.ts";

/** Prints a new key and its signing request to the pipe of the agent that started it. */
const { privateKey, request } = await makeSigningRequest(process.argv[2] ?? "");
process.stdout.write(JSON.stringify({ privateKey, request: Buffer.from(request).toString("base64") }));
