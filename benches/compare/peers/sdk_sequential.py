"""The same audit with the official SDK, one request after the other: `sdk_sequential.py BASE_URL FILE`."""

import os
import sys

from elevenlabs import ElevenLabs
from rows import Scans, Sheet, cut_lists, is_cut, is_used, shown


def pages(ask):
    """The pages of a list, by cursor."""
    cursor = None
    while True:
        page = ask(cursor=cursor) if cursor else ask()
        yield page
        cursor = page.next_cursor
        if not cursor:
            return


def scan(client):
    scans = Scans()
    for page in pages(lambda **at: client.environment_variables.list(type="secret", page_size=100, **at)):
        for variable in page.environment_variables:
            scans.variable(variable)
    for page in pages(lambda **at: client.speech_engine.list(page_size=100, **at)):
        for engine in page.speech_engines:
            # `get` makes the same request and keeps the answer to itself.
            scans.engine(client.speech_engine.with_raw_response.get(engine.speech_engine_id).data)
    for server in client.conversational_ai.mcp_servers.list().mcp_servers:
        scans.server(server)
    scans.settings(client.conversational_ai.settings.get())
    return scans


def main(base_url, path):
    client = ElevenLabs(api_key=os.environ["ELEVENLABS_API_KEY"], base_url=base_url.rstrip("/"))
    secrets = client.conversational_ai.secrets
    scans = scan(client)
    candidates = []
    with open(path, "w", newline="", encoding="utf-8") as file:
        sheet = Sheet(file)
        cursor = {}
        while True:
            page = secrets.list(page_size=100, dependency_limit=20, **cursor)
            if any(is_cut(secret.used_by, 20) for secret in page.secrets):
                page = secrets.list(page_size=100, dependency_limit=100, **cursor)
            for secret in page.secrets:
                lists = {}
                for kind in cut_lists(secret):
                    parts = pages(
                        lambda **at: secrets.get_dependencies(secret.secret_id, kind, page_size=100, **at)
                    )
                    lists[kind] = [one for part in parts for one in part.dependencies]
                if not sheet.add(secret, [*shown(secret, lists), *scans.of(secret)]):
                    candidates.append(secret)
            if not page.next_cursor:
                break
            cursor = {"cursor": page.next_cursor}
        for secret in candidates:
            again = secrets.get(secret.secret_id)
            sheet.add_unused(secret, "in_use" if is_used(again.used_by) else "unused")


main(*sys.argv[1:])
