export { connectAgent, type TestAgent } from "./agent.ts";
export { enrolledHost } from "./hosts.ts";
export { type ControlPlaneProcess, startProcess } from "./process.ts";
export { type TestControlPlane, type TestOptions, testConfig, testControlPlane } from "./start.ts";
