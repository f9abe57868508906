/** What `muster --version` says. */
export const version = "0.1.0";
