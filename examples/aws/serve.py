"""A DynamoDB stand-in (moto) as a service of its own, behind a front that loses answers to writes."""

import argparse
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from examples.aws import orders_table
from examples.front import Front, Request
from examples.strangers import running, until_told

PORT = 8202
REGION = "eu-west-1"
NOBODY = "test"
"""What moto takes for credentials."""


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server on a free port and yield its address."""
    with running("moto", ["moto.server", "-H", "127.0.0.1", "-p", "0"]) as address:
        yield address


def environment(address: str) -> dict[str, str]:
    """Return the variables by which boto3 finds the table at an address."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": address,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": NOBODY,
        "AWS_SECRET_ACCESS_KEY": NOBODY,
    }


def is_put(request: Request) -> bool:
    """Tell whether the request writes an item."""
    return request.headers.get("x-amz-target", "").endswith(".PutItem")


def create_table(address: str) -> None:
    """Make the table at an address, where it is not there yet."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id=NOBODY,
        aws_secret_access_key=NOBODY,
    )
    orders_table.create_table(client)
    client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help=f"port of the front (default {PORT})")
    options = parser.parse_args()
    with moto() as address, Front(address, port=options.port) as front:
        create_table(address)
        front.plan(is_put, itertools.cycle(["lost_answer", "pass"]))
        print(f"moto runs on {address}.")
        print(f"The front listens on {front.url} and loses the answer to every other write.")
        print("In the shell that runs the planner:")
        for name, value in environment(front.url).items():
            print(f"  export {name}={value}")
        print("Ctrl-C ends both.", flush=True)
        until_told()


if __name__ == "__main__":
    main()
