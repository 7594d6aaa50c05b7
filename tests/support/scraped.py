"""A scrape of a pipeline that is not running."""

import asyncio

from tocsin.pipeline import Pipeline
from tocsin.tasks import spawn


async def scrape(pipeline: Pipeline) -> dict[str, float]:
    """Commit and answer a scrape, as the pipeline does; return the samples by name and labels."""
    asked = spawn(pipeline.page(openmetrics=False, packed=False), name="scrape")
    await asyncio.sleep(0)
    await pipeline._commit()
    await pipeline._answer()
    lines = [line for line in b"".join(await asked).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
