/** The only way that code asks for the time; passed as an argument, so that tests decide it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** What has something done again and again; passed as an argument, so that tests decide when. */
export interface Timer {
  /** Calls `act` every so many milliseconds, until the function that is returned is called. */
  every(milliseconds: number, act: () => void): () => void;
}

/** Keeps no process alive that has nothing else to do. */
export const systemTimer: Timer = {
  every(milliseconds, act) {
    const interval = setInterval(act, milliseconds).unref();
    return () => clearInterval(interval);
  },
};
