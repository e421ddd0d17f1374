"""Orders in a DynamoDB table: Python functions as operations, with botocore's errors told as outcomes.

boto3 finds region, credentials and address where it always does (`AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`,
`AWS_ENDPOINT_URL_DYNAMODB`, profiles, roles); nothing of that passes through the planner.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from tools.failures import InDoubt, NotSent, Rejected

TABLE = "orders"
CONNECT_SECONDS = 1
READ_SECONDS = 2

_THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
)
_NEVER_LEFT = (
    exceptions.ConnectionError,
    exceptions.NoCredentialsError,
    exceptions.NoRegionError,
    exceptions.PartialCredentialsError,
)
_NO_FORM = (exceptions.ParamValidationError, exceptions.ValidationError)
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Order:
    """An order as the table keeps it."""

    order_id: str
    customer: str
    total: float


@dataclass(frozen=True)
class Found:
    """What the table holds under an order's id."""

    found: bool
    order: Order | None


def put_order(order_id: str, customer: str, total: float) -> Order:
    """Write an order that is not there yet; an order that is there already is a refusal."""
    item = {
        "order_id": {"S": order_id},
        "customer": {"S": customer},
        "total": {"N": str(Decimal(str(total)))},
    }
    with told():
        client().put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(order_id)")
    return Order(order_id, customer, total)


def find_order(order_id: str) -> Found:
    """Look an order up, and see also what was written a moment ago."""
    with told():
        answer = client().get_item(TableName=TABLE, Key={"order_id": {"S": order_id}}, ConsistentRead=True)
    item = answer.get("Item")
    if item is None:
        return Found(found=False, order=None)
    order = Order(item["order_id"]["S"], item["customer"]["S"], float(item["total"]["N"]))
    return Found(found=True, order=order)


def delete_order(order_id: str) -> None:
    """Take an order out; one that is not there stays out."""
    with told():
        client().delete_item(TableName=TABLE, Key={"order_id": {"S": order_id}})


def create_table(at: Any = None) -> None:
    """Make the table, where it is not there yet; `at` is another client than the usual one."""
    table = at or client()
    try:
        table.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except table.exceptions.ResourceInUseException:
        return


@lru_cache(maxsize=1)
def client() -> Any:
    """Return the client: one attempt per call, because repeating is the planner's decision."""
    once = Config(
        retries={"total_max_attempts": 1}, connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS
    )
    return boto3.client("dynamodb", config=once)


@contextmanager
def told() -> Iterator[None]:
    """Turn botocore's errors into what became of the call."""
    try:
        yield
    except _NEVER_LEFT as exc:
        raise NotSent(str(exc), code="connect") from exc
    except _NO_FORM as exc:
        raise Rejected(str(exc), code="arguments") from exc
    except exceptions.HTTPClientError as exc:
        code = "timeout" if isinstance(exc, exceptions.ReadTimeoutError) else "reset"
        raise InDoubt(str(exc), code=code) from exc
    except exceptions.ClientError as exc:
        raise _answered(exc) from exc


def _answered(exc: exceptions.ClientError) -> Rejected | NotSent | InDoubt:
    code = str(exc.response.get("Error", {}).get("Code", "unknown"))
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in _THROTTLED:
        return NotSent(str(exc), code=code, status=status)
    if status is None or status >= _SERVER_ERROR:
        return InDoubt(str(exc), code=code, status=status)
    return Rejected(str(exc), code=code, status=status)
