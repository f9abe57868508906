/** Told to the control plane in each hello. */
export const agentVersion = "0.1.0";
