import { MusterError, parseDuration } from "@muster/core";

/** A program as small as can be, for the test of the bundler. */
process.stdout.write(`${parseDuration("90s")} ${new MusterError("usage", "an example").code}\n`);
