"""The same audit with the official SDK, 8 requests at a time: `sdk_asyncio.py BASE_URL FILE`."""

import asyncio
import os
import sys

from elevenlabs import AsyncElevenLabs
from rows import Scans, Sheet, cut_lists, is_cut, is_used, shown

AT_A_TIME = 8


async def main(base_url, path):
    client = AsyncElevenLabs(api_key=os.environ["ELEVENLABS_API_KEY"], base_url=base_url.rstrip("/"))
    secrets = client.conversational_ai.secrets
    slots = asyncio.Semaphore(AT_A_TIME)

    async def ask(method, *arguments, **parameters):
        async with slots:
            return await method(*arguments, **parameters)

    async def whole(name, method, *arguments, **parameters):
        """A list, page by page."""
        items, cursor = [], {}
        while True:
            page = await ask(method, *arguments, page_size=100, **parameters, **cursor)
            items += getattr(page, name)
            if not page.next_cursor:
                return items
            cursor = {"cursor": page.next_cursor}

    async def scan():
        scans = Scans()

        async def variables():
            method = client.environment_variables.list
            for variable in await whole("environment_variables", method, type="secret"):
                scans.variable(variable)

        async def engines():
            # `get` makes the same request and keeps the answer to itself.
            get = client.speech_engine.with_raw_response.get
            engines = await whole("speech_engines", client.speech_engine.list)
            for engine in await asyncio.gather(*(ask(get, one.speech_engine_id) for one in engines)):
                scans.engine(engine.data)

        async def servers():
            for server in (await ask(client.conversational_ai.mcp_servers.list)).mcp_servers:
                scans.server(server)

        async def settings():
            scans.settings(await ask(client.conversational_ai.settings.get))

        await asyncio.gather(variables(), engines(), servers(), settings())
        return scans

    with open(path, "w", newline="", encoding="utf-8") as file:
        sheet, candidates = Sheet(file), []
        scanning = asyncio.create_task(scan())

        async def finish(secret):
            kinds = cut_lists(secret)
            get = secrets.get_dependencies
            lists = await asyncio.gather(
                *(whole("dependencies", get, secret.secret_id, kind) for kind in kinds)
            )
            scans = await asyncio.shield(scanning)
            if not sheet.add(secret, [*shown(secret, dict(zip(kinds, lists))), *scans.of(secret)]):
                candidates.append(secret)

        async def take(page, cursor):
            if any(is_cut(secret.used_by, 20) for secret in page.secrets):
                page = await ask(secrets.list, page_size=100, dependency_limit=100, **cursor)
            await asyncio.gather(*(finish(secret) for secret in page.secrets))

        taking, cursor = [], {}
        while True:
            page = await ask(secrets.list, page_size=100, dependency_limit=20, **cursor)
            taking.append(asyncio.create_task(take(page, cursor)))
            if not page.next_cursor:
                break
            cursor = {"cursor": page.next_cursor}
        await asyncio.gather(*taking)
        again = await asyncio.gather(*(ask(secrets.get, secret.secret_id) for secret in candidates))
        for secret, now in zip(candidates, again):
            sheet.add_unused(secret, "in_use" if is_used(now.used_by) else "unused")


asyncio.run(main(*sys.argv[1:]))
