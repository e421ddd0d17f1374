"""Records: the frozen documents that everything here is made of."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen document that refuses fields it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )
