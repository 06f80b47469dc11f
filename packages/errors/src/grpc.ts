// The whole public surface of @agent4/errors/grpc. It loads nothing of gRPC: details are the JSON form of their messages.
export { fromGrpcStatus } from './grpc/from-status.ts';
export { type GrpcDetail, type GrpcStatus, type GrpcStatusOptions, toGrpcStatus } from './grpc/to-status.ts';
