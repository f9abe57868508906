import { type Clock, newId } from "@muster/core";
import type { EventBus, PublishedEvent } from "../context.ts";

/** So many events are remembered for readers that come back. */
const remembered = 1000;

/** Live events inside this process. A listener must not throw. */
export function createEventBus(clock: Clock): EventBus {
  const listeners = new Set<(event: PublishedEvent) => void>();
  const recent: PublishedEvent[] = [];
  return {
    publish(event) {
      const published = { ...event, id: newId(), at: clock.now() };
      recent.push(published);
      if (recent.length > remembered) recent.shift();
      for (const listener of listeners) listener(published);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    since(id) {
      const place = recent.findIndex((event) => event.id === id);
      return place < 0 ? [] : recent.slice(place + 1);
    },
  };
}
