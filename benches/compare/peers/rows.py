"""What both scripts with the SDK have in common: the rows of the CSV, made of the SDK's objects."""

import csv
from datetime import datetime, timezone

HEADER = [
    "workspace", "secret_id", "secret_name", "verdict", "dependent_type", "dependent_id", "dependent_name",
    "visibility", "access_level", "relation", "via", "provider", "phone_number", "created_at", "source",
]  # fmt: skip
LISTS = {"tools": "tool", "agents": "agent", "phone_numbers": "phone_number"}


def is_cut(used_by, limit):
    """Whether a list goes on; two of them don't say so."""
    flags = (used_by.tools_has_more, used_by.agents_has_more, used_by.phone_numbers_has_more)
    return any(flags) or len(used_by.mcp_servers or []) >= limit or len(used_by.others) >= limit


def is_used(used_by):
    lists = (used_by.tools, used_by.agents, used_by.phone_numbers, used_by.mcp_servers, used_by.others)
    return any(lists)


def cut_lists(secret):
    """The kinds of dependents of which there are more than the answer shows."""
    return [kind for kind in LISTS if getattr(secret.used_by, f"{kind}_has_more")]


def dependent(kind, one, source):
    """The part of a row that tells of a dependent."""
    via = getattr(one, "referenced_resource_ids", None) or []
    created = getattr(one, "created_at_unix_secs", None)
    if created is not None:
        created = datetime.fromtimestamp(created, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    is_number = kind == "phone_number"
    return [
        kind,
        one.phone_number_id if is_number else one.id,
        one.label if is_number else getattr(one, "name", ""),
        getattr(one, "type", None) or "available",
        getattr(one, "access_level", ""),
        "transitive" if via else "direct",
        ";".join(via),
        getattr(one, "provider", ""),
        getattr(one, "phone_number", ""),
        created or "",
        source,
    ]


def held(kind, identifier, name, via, source):
    """The same for what a document gives."""
    return [kind, identifier, name, "available", "", "direct", via, "", "", "", source]


def shown(secret, lists):
    """The rows of all lists of a secret but those that were paged, and of these what the pages gave."""
    for kind, name in LISTS.items():
        source = "dependencies" if kind in lists else "used_by"
        for one in lists.get(kind, getattr(secret.used_by, kind) or []):
            yield dependent(name, one, source)
    for one in secret.used_by.mcp_servers or []:
        yield dependent("mcp_server", one, "used_by")
    for other in secret.used_by.others:
        yield held("other", other, "", "", "used_by")


def secret_id_in(value):
    """The secret that a value stands for, if it does. Of environment variables the SDK makes no objects."""
    return value.get("secret_id") if isinstance(value, dict) else getattr(value, "secret_id", None)


class Scans:
    """What documents hold, by secret."""

    def __init__(self):
        self.rows = {}
        self.servers = {}

    def _hold(self, value, *row):
        secret_id = secret_id_in(value)
        if secret_id is not None:
            self.rows.setdefault(secret_id, []).append(held(*row))

    def variable(self, variable):
        for environment, value in variable.values.items():
            row = ("environment_variable", variable.id, variable.label, environment, "environment_variables")
            self._hold(value, *row)

    def engine(self, engine):
        for value in (engine.speech_engine.request_headers or {}).values():
            self._hold(value, "speech_engine", engine.speech_engine_id, engine.name, "", "speech_engines")

    def server(self, server):
        config = server.config
        places = [config.url, config.secret_token]
        places += [*(config.request_headers or {}).values(), *(config.request_meta or {}).values()]
        for value in places:
            secret_id = secret_id_in(value)
            if secret_id is not None:
                self.servers.setdefault(secret_id, {})[server.id] = config.name

    def settings(self, settings):
        webhook = settings.conversation_initiation_client_data_webhook
        for header, value in (webhook.request_headers if webhook else {}).items():
            place = f"conversation_initiation_client_data_webhook.request_headers.{header}"
            self._hold(value, "setting", place, "", "", "settings")

    def of(self, secret):
        """The rows that `used_by` doesn't give."""
        yield from self.rows.get(secret.secret_id, [])
        known = {one.id for one in secret.used_by.mcp_servers or []}
        for identifier, name in self.servers.get(secret.secret_id, {}).items():
            if identifier not in known:
                yield held("mcp_server", identifier, name, "", "mcp_servers")


class Sheet:
    """The CSV."""

    def __init__(self, file):
        self._writer = csv.writer(file)
        self._writer.writerow(HEADER)

    def add(self, secret, rows):
        """Writes the rows of a secret. Whether there were any."""
        rows = list(rows)
        begin = ["default", secret.secret_id, secret.name, "in_use"]
        self._writer.writerows(begin + row for row in rows)
        return bool(rows)

    def add_unused(self, secret, verdict):
        row = ["default", secret.secret_id, secret.name, verdict]
        self._writer.writerow(row + [""] * (len(HEADER) - len(row)))
