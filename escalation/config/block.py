"""What every block of the file is: no keys but its own, no value repeated in an error. Not the blocks (`schema`, `quiet`)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, strict=True)
