import { create, type DescMessage, type DescMethod, type DescService, type MessageShape } from "@bufbuild/protobuf";
import type { Server, ServerDuplexStream, ServerUnaryCall, sendUnaryData, UntypedHandleCall } from "@grpc/grpc-js";
import { type Input, type OutputInit, serviceDefinition } from "./definition.ts";
import { toServiceError } from "./error-mapping.ts";

/** What a handler knows of its caller. */
export interface CallContext {
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  /** The caller's address. */
  readonly peer: string;
  /** The caller's certificate in DER; undefined without mutual TLS. */
  readonly certificate: Uint8Array | undefined;
}

/** One function per method: unary ones answer with a message, streaming ones with an iterable of messages. */
export type Handlers<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: "bidi_streaming" }
    ? (requests: AsyncIterable<Input<S, K>>, call: CallContext) => AsyncIterable<OutputInit<S, K>>
    : (request: Input<S, K>, call: CallContext) => Promise<OutputInit<S, K>>;
};

type Shape = MessageShape<DescMessage>;
/** The fields of a message before `create` checks them; the typed surface is Handlers. */
type Init = Record<string, unknown>;
type UntypedHandler = (input: unknown, call: CallContext) => unknown;

/** Registers a service; errors thrown by handlers reach the caller as error values. */
export function addService<S extends DescService>(server: Server, service: S, handlers: Handlers<S>): void {
  const implementation: Record<string, UntypedHandleCall> = {};
  for (const method of service.methods) {
    // Handlers<S> has a function for each method of S; the index signature cannot say so.
    const handler = (handlers as Record<string, UntypedHandler>)[method.localName] as UntypedHandler;
    implementation[method.localName] = method.methodKind === "unary" ? unary(method, handler) : bidi(method, handler);
  }
  server.addService(serviceDefinition(service), implementation);
}

function context(call: ServerUnaryCall<Shape, Shape> | ServerDuplexStream<Shape, Shape>): CallContext {
  const controller = new AbortController();
  call.on("cancelled", () => controller.abort());
  call.on("close", () => controller.abort());
  const certificate = call.getAuthContext().sslPeerCertificate?.raw;
  return { signal: controller.signal, peer: call.getPeer(), certificate };
}

function unary(method: DescMethod, handler: UntypedHandler): UntypedHandleCall {
  return (call: ServerUnaryCall<Shape, Shape>, done: sendUnaryData<Shape>) => {
    const answer = async (): Promise<unknown> => handler(call.request, context(call));
    answer().then(
      (response) => done(null, create(method.output, response as Init)), // an init shape of method.output
      (thrown: unknown) => done(toServiceError(thrown)),
    );
  };
}

function bidi(method: DescMethod, handler: UntypedHandler): UntypedHandleCall {
  return (call: ServerDuplexStream<Shape, Shape>) => {
    call.on("error", () => call.end());
    const caller = context(call);
    const responses = handler(call, caller) as AsyncIterable<Init>; // bidi handlers return iterables
    pump(method, responses, call, caller.signal).then(
      () => call.end(),
      (thrown: unknown) => call.emit("error", toServiceError(thrown)),
    );
  };
}

/** Sends what the handler makes until it ends or the caller goes away; then the handler's iterator is told to return. */
async function pump(
  method: DescMethod,
  responses: AsyncIterable<Init>,
  call: ServerDuplexStream<Shape, Shape>,
  signal: AbortSignal,
): Promise<void> {
  const gone = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  const producer = responses[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([producer.next(), gone]);
      if (next === undefined || next.done) return;
      if (!call.write(create(method.output, next.value))) {
        await Promise.race([new Promise((resolve) => call.once("drain", resolve)), gone]);
      }
    }
  } finally {
    producer.return?.().catch(() => undefined); // the caller is gone, or has been told already
  }
}
