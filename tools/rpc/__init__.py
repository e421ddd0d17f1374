"""RPC: operations of gRPC services, from descriptors to calls. Needs the extra `grpc`."""
