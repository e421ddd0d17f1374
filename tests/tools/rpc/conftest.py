"""What tests of gRPC share: protobuf sources, compiled by the real compiler."""

import pytest
from grpc_tools import protoc


@pytest.fixture
def compiled(tmp_path):
    """Return what compiles sources by their file names into a descriptor set."""

    def made(*, imports=True, **sources):
        for name, text in sources.items():
            (tmp_path / f"{name}.proto").write_text(text, encoding="utf-8")
        target = tmp_path / "set.binpb"
        options = ["--include_imports", "--include_source_info"] if imports else []
        names = [f"{name}.proto" for name in sources]
        include = f"-I{protoc._get_resource_file_name('grpc_tools', '_proto')}"
        told = ["protoc", include, f"-I{tmp_path}", *options, f"--descriptor_set_out={target}", *names]
        assert protoc.main(told) == 0
        return target.read_bytes()

    return made
