/** A generator of reproducible random numbers (mulberry32), for tests that print their seed. */
export interface Random {
  /** An integer in [0, below). */
  below(limit: number): number;
  bytes(length: number): Buffer;
  /** Bytes that compress about two to one. */
  text(length: number): Buffer;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const bytes = (length: number): Buffer => {
    const buffer = Buffer.allocUnsafe(length + 4);
    for (let at = 0; at < length; at += 4) buffer.writeUInt32LE(next(), at);
    return buffer.subarray(0, length);
  };
  return {
    below: (limit) => next() % limit,
    bytes,
    text(length) {
      const buffer = bytes(length);
      for (let at = 0; at < length; at++) buffer[at] = (buffer[at] ?? 0) & 0x0f;
      return buffer;
    },
  };
}
