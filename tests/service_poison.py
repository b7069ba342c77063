"""A worker that dies or hangs on documents that ask for it: for tests of the supervisor."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from unbait.service.reading import Item
from unbait.service.work import Desk, Part, groups, written
from unbait.service.worker import main


class PoisonDesk(Desk):
    def __init__(self, _: object) -> None:
        pass

    def run(self, items: Sequence[Item]) -> tuple[list[Part], dict[str, Any]]:
        parts = []
        for item in items:
            text = item.document.text if item.document else ""
            if "die" in text:
                os.abort() if "loud" in text else os._exit(9)
            if "hang" in text:
                time.sleep(60)
            if "slow" in text:
                time.sleep(0.3)
            parts.append(Part(200, written({"id": item.id, "text": text})))
        return parts, {"documents": len(items)}


if __name__ == "__main__":
    assert groups
    main(PoisonDesk)
