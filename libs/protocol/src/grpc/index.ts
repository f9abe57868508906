export {
  create,
  fromBinary,
  fromJson,
  type JsonObject,
  type MessageInitShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
export { timestampDate, timestampFromDate, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
export * from "../gen/muster/v1/command_pb.ts";
export * from "../gen/muster/v1/enrolment_pb.ts";
export * from "../gen/muster/v1/host_pb.ts";
export * from "../gen/muster/v1/session_pb.ts";
export * from "./client.ts";
export * from "./definition.ts";
export * from "./duration.ts";
export { toServiceError } from "./error-mapping.ts";
export * from "./queue.ts";
export * from "./server.ts";
