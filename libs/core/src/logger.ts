import { destination, type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;

/** A JSON-lines logger on stderr; `MUSTER_LOG` sets the level (trace … fatal, silent) at the edge that calls this. */
export function createLogger(name: string, level = "info"): Logger {
  return pino(
    {
      name,
      level,
      redact: ["*.password", "*.token", "*.key", "*.secret", "*.passphrase", "token", "key", "passphrase"],
    },
    destination({ dest: 2, sync: true }),
  );
}

/** A logger that says nothing; for tests and one-shot commands. */
export const silentLogger: Logger = pino({ level: "silent" });
