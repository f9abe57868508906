import { useEffect, useState } from "react";
import { serverNow } from "../server-time.ts";

/** The control plane's time, renewed every second (or as told, in milliseconds). */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
