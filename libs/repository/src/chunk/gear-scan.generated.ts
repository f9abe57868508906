// Generated from gear-scan.wat by npm run generate.

/** WebAssembly, in base64. */
export const gearScan =
  "AGFzbQEAAAABCQFgBH9/f38BfwMCAQAFAwEAAQYGAX8BQQALBxECBm1lbW9yeQIABHNjYW4AAApGAUQBAX8gAwRAIwAhBAsCQANA" +
  "IAAgAU8NASAEQQF0IAAtAABBAnQoAgBqIQQgAEEBaiEAIAQgAnENACAADwsLIAQkAEEACw==";
