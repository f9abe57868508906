import { create, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import { type ChannelCredentials, Client, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import { MusterError, systemClock } from "@muster/core";
import {
  type BidiMethods,
  type Input,
  type InputInit,
  maxMessageBytes,
  methodDefinition,
  type Output,
  type UnaryMethods,
} from "./definition.ts";
import { fromServiceError } from "./error-mapping.ts";

export interface CallOptions {
  /** Milliseconds until the call fails with `timeout`. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** One function per method. Every unary call needs a deadline; streams live until ended or aborted. */
export type ServiceClient<S extends DescService> = {
  [K in UnaryMethods<S>]: (
    request: InputInit<S, K>,
    options: CallOptions & { timeout: number },
  ) => Promise<Output<S, K>>;
} & {
  [K in BidiMethods<S>]: (
    requests: AsyncIterable<InputInit<S, K>>,
    options?: CallOptions,
  ) => AsyncIterable<Output<S, K>>;
} & { close(): void };

/** A typed client of one service at `host:port`. Keepalive finds a dead peer within about 20 s. */
export function createServiceClient<S extends DescService>(
  service: S,
  address: string,
  credentials: ChannelCredentials,
  channelOptions: Record<string, string | number> = {},
): ServiceClient<S> {
  const channel = new Client(address, credentials, {
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.enable_retries": 0,
    ...channelOptions,
  });
  const client: Record<string, unknown> = { close: () => channel.close() };
  for (const method of service.methods) {
    client[method.localName] =
      method.methodKind === "unary" ? unary(channel, address, method) : bidi(channel, address, method);
  }
  return client as ServiceClient<S>; // built from the same descriptor that the type is computed from
}

/** The fields of a message before `create` checks them; the typed surface is ServiceClient. */
type Init = Record<string, unknown>;

function deadlineOf(options: CallOptions | undefined): { deadline?: number } {
  return options?.timeout === undefined ? {} : { deadline: systemClock.now() + options.timeout };
}

/** Calls `cancel` when the signal aborts, at once when it has; returns what stops listening. */
function onAbort(signal: AbortSignal | undefined, cancel: () => void): () => void {
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  return () => signal?.removeEventListener("abort", cancel);
}

function unary(channel: Client, address: string, method: DescMethod) {
  const definition = methodDefinition(method);
  return async (request: Init, options: CallOptions): Promise<Message> => {
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const call = channel.makeUnaryRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      create(method.input, request),
      deadlineOf(options),
      (error: ServiceError | null, response?: Message) => {
        if (error !== null) reject(fromServiceError(error, address));
        else if (response === undefined) reject(new MusterError("internal", `${address} answered nothing`));
        else resolve(response);
      },
    );
    const release = onAbort(options.signal, () => call.cancel());
    return promise.finally(release);
  };
}

function bidi(channel: Client, address: string, method: DescMethod) {
  const definition = methodDefinition(method);
  return async function* (requests: AsyncIterable<Init>, options?: CallOptions): AsyncIterable<Message> {
    const call = channel.makeBidiStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      deadlineOf(options),
    );
    const release = onAbort(options?.signal, () => call.cancel());
    const sending = send(method, requests, call);
    try {
      yield* call as AsyncIterable<Message>;
    } catch (thrown) {
      throw thrown instanceof Error && "metadata" in thrown
        ? fromServiceError(thrown as ServiceError, address)
        : thrown;
    } finally {
      release();
      call.cancel();
      await sending;
    }
  };
}

/**
 * Writes until the requests end or the call does; a broken call shows on the reading side. Does not wait for a producer that
 * is silent when the call ends: its iterator is told to return, and a request that it makes later goes nowhere.
 */
async function send(
  method: DescMethod,
  requests: AsyncIterable<Init>,
  call: ClientDuplexStream<Message, Message>,
): Promise<void> {
  const ended = new Promise<undefined>((resolve) => {
    for (const event of ["end", "close", "error"]) call.once(event, () => resolve(undefined));
  });
  const producer = requests[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([producer.next(), ended]);
      if (next === undefined) return;
      if (next.done) break;
      if (!call.write(create(method.input, next.value))) await Promise.race([drained(call), ended]);
    }
    call.end();
  } catch (thrown) {
    call.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
  } finally {
    producer.return?.().catch(() => undefined); // a producer that fails while it is dismissed has no listener left
  }
}

function drained(call: ClientDuplexStream<Message, Message>): Promise<void> {
  return new Promise((resolve) => call.once("drain", resolve));
}

/** Types a caller may want to name. */
export type RequestOf<S extends DescService, K extends keyof S["method"]> = Input<S, K>;
