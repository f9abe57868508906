import {
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";

/** The largest message either side accepts, in bytes. Data never travels in messages, so this is generous. */
export const maxMessageBytes = 4 * 1024 * 1024;

type Codec<D extends DescMessage> = {
  serialize: (message: MessageShape<D>) => Buffer;
  deserialize: (bytes: Buffer) => MessageShape<D>;
};

function codec<D extends DescMessage>(schema: D): Codec<D> {
  return {
    serialize: (message) => Buffer.from(toBinary(schema, message)),
    deserialize: (bytes) => fromBinary(schema, bytes),
  };
}

/** The grpc-js definition of one protobuf-es method. */
export function methodDefinition(
  method: DescMethod,
): MethodDefinition<MessageShape<DescMessage>, MessageShape<DescMessage>> {
  const request = codec(method.input);
  const response = codec(method.output);
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: response.serialize,
    responseDeserialize: response.deserialize,
  };
}

/** The grpc-js definition of a protobuf-es service, keyed by the method's local name. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(method)]));
}

/** The methods of a service that take one message and give one. */
export type UnaryMethods<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: "unary" } ? K : never;
}[keyof S["method"]];

/** The methods of a service with a stream in both directions. */
export type BidiMethods<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: "bidi_streaming" } ? K : never;
}[keyof S["method"]];

export type Input<S extends DescService, K extends keyof S["method"]> = MessageShape<S["method"][K]["input"]>;
export type InputInit<S extends DescService, K extends keyof S["method"]> = MessageInitShape<S["method"][K]["input"]>;
export type Output<S extends DescService, K extends keyof S["method"]> = MessageShape<S["method"][K]["output"]>;
export type OutputInit<S extends DescService, K extends keyof S["method"]> = MessageInitShape<S["method"][K]["output"]>;
