"""An organization's life from its setting up to its end, by the synchronous and then by the
asynchronous client. At the end every method of the administration client has been called."""

import asyncio
import inspect
import os
import time
from functools import cached_property

import openai
from openai import AsyncOpenAI, OpenAI

from transcript import facts, say

# What the SDK has and OpenAI's document, as of its date, has not: Tollgate answers 404.
NEWER = ("external_keys", "external_storage", "service_tier_settings",
         "workload_identity_providers", "decisions")


class Noted:
    """A part of the client that notes which of its methods are used."""

    def __init__(self, part, path, used):
        self._part, self._path, self._used = part, path, used

    def __getattr__(self, name):
        found, path = getattr(self._part, name), f"{self._path}.{name}"
        if inspect.ismethod(found):
            self._used.add(path)
            return found
        return Noted(found, path, self._used)


def methods(part, path):
    for name in dir(type(part)):
        found = inspect.getattr_static(type(part), name)
        if name.startswith(("_", "with_")):
            continue
        if isinstance(found, (cached_property, property)):
            yield from methods(getattr(part, name), f"{path}.{name}")
        elif callable(found):
            yield f"{path}.{name}"


async def it(answer):
    return await answer if inspect.isawaitable(answer) else answer


async def every(pages):
    if hasattr(pages, "__aiter__"):
        return [row async for row in pages]
    return list(pages)


async def ids(pages):
    return [row.id for row in await every(pages)]


async def refused(step, kind, call):
    try:
        await it(call())
    except openai.OpenAIError as error:
        assert type(error) is kind, f"{step}: {error!r}"
        say(step, facts(error))
        return error
    raise AssertionError(f"{step}: no error")


class Story:
    def __init__(self, kind, name):
        self.kind, self.name, self.used = kind, name, set()
        self.client = kind(_strict_response_validation=True, max_retries=0)
        self.org = Noted(self.client.admin.organization, "organization", self.used)
        self.projects = self.org.projects

    def holder(self, key):
        print('{"plant": "%s"}' % key, flush=True)
        return self.kind(api_key=key, max_retries=0)

    async def ask(self, user, text="hi there", model="gpt-4o"):
        messages = [{"role": "user", "content": text}]
        return await it(user.chat.completions.create(model=model, messages=messages))

    async def people(self):
        org = self.org
        self.email = f"ada-{self.name}@example.com"
        invite = await it(org.invites.create(email=self.email, role="reader", projects=[]))
        assert invite.id in await ids(org.invites.list(limit=1))
        url = str(self.client.base_url).removesuffix("/v1/")
        url += f"/tollgate/v1/invites/{invite.id}/accept"
        headers = {"Authorization": f"Bearer {os.environ['OPENAI_ADMIN_KEY']}"}
        user = await it(self.client.post(url, cast_to=dict, body={}, options={"headers": headers}))
        assert (await it(org.invites.retrieve(invite.id))).status == "accepted"
        other = await it(org.invites.create(email=f"bob-{self.name}@example.com", role="reader"))
        assert (await it(org.invites.delete(other.id))).deleted
        self.ada = user["id"]
        assert await ids(org.users.list(emails=[self.email])) == [self.ada]
        assert (await it(org.users.update(self.ada, role="owner"))).role == "owner"
        assert (await it(org.users.retrieve(self.ada))).role == "owner"
        self.group = (await it(org.groups.create(name=f"Shop {self.name}"))).id
        assert (await it(org.groups.update(self.group, name="Sellers"))).name == "Sellers"
        assert (await it(org.groups.retrieve(self.group))).name == "Sellers"
        assert self.group in await ids(org.groups.list(limit=1))
        within = {"group_id": self.group}
        assert (await it(org.groups.users.create(self.group, user_id=self.ada))).user_id == self.ada
        assert await ids(org.groups.users.list(self.group)) == [self.ada]
        assert (await it(org.groups.users.retrieve(self.ada, **within))).id == self.ada

    async def roles(self):
        org, here = self.org, {"project_id": self.project}
        permissions = ["api.groups.read", "api.organization.projects.api_keys.read"]
        made = {"role_name": f"Keeper {self.name}", "permissions": permissions}
        self.role = (await it(org.roles.create(**made))).id
        changed = await it(org.roles.update(self.role, description="keeps"))
        assert (changed.description, changed.permissions) == ("keeps", permissions)
        assert (await it(org.roles.retrieve(self.role))).id == self.role
        assert self.role in await ids(org.roles.list(limit=1))
        self.own_role = (await it(self.projects.roles.create(**made, **here))).id
        changed = await it(self.projects.roles.update(self.own_role, description="here", **here))
        assert changed.description == "here"
        assert (await it(self.projects.roles.retrieve(self.own_role, **here))).id == self.own_role
        assert self.own_role in await ids(self.projects.roles.list(self.project))

        users = self.projects.users
        added = await it(users.create(user_id=self.ada, role="member", **here))
        assert added.email == self.email
        assert (await it(users.update(self.ada, role="owner", **here))).role == "owner"
        assert (await it(users.retrieve(self.ada, **here))).role == "owner"
        assert await ids(users.list(self.project)) == [self.ada]
        groups = self.projects.groups
        joined = {"group_id": self.group, "role": "role-api-project-member"}
        assert (await it(groups.create(**joined, **here))).group_name == "Sellers"
        assert (await it(groups.retrieve(self.group, **here))).group_id == self.group
        assert [row.group_id for row in await every(groups.list(self.project))] == [self.group]
        for roles, role, who in self.bonds():
            assert (await it(roles.create(role_id=role, **who))).role.id == role
            assert role in await ids(roles.list(**who))
            assert (await it(roles.retrieve(role_id=role, **who))).id == role

    def bonds(self):
        here = {"project_id": self.project}
        return [
            (self.org.users.roles, self.role, {"user_id": self.ada}),
            (self.org.groups.roles, self.role, {"group_id": self.group}),
            (self.projects.users.roles, self.own_role, {"user_id": self.ada, **here}),
            (self.projects.groups.roles, self.own_role, {"group_id": self.group, **here}),
        ]

    async def keys(self):
        accounts, here = self.projects.service_accounts, {"project_id": self.project}
        made = await it(accounts.create(self.project, name="robot"))
        self.account, self.user = made.id, self.holder(made.api_key.value)
        assert await ids(accounts.list(self.project)) == [made.id]
        assert (await it(accounts.update(made.id, name="till", **here))).name == "till"
        assert (await it(accounts.retrieve(made.id, **here))).name == "till"
        more = await it(accounts.api_keys.create(made.id, name="spare", **here))
        assert (await self.ask(self.holder(more.value))).choices
        kept = self.projects.api_keys
        assert more.id in await ids(kept.list(self.project))
        assert (await it(kept.retrieve(more.id, **here))).name == "spare"
        assert (await self.ask(self.user)).choices
        own = {"project_id": os.environ["DOOMED_PROJECT"]}
        doomed = os.environ[f"DOOMED_{self.name}"]
        assert (await it(kept.update(doomed, scopes=["api.all.read"], **own))).id == doomed
        assert (await it(kept.delete(doomed, **own))).deleted
        admins = self.org.admin_api_keys
        second = await it(admins.create(name="second"))
        other = self.kind(admin_api_key=second.value, max_retries=0)
        print('{"plant": "%s"}' % second.value, flush=True)
        assert (await it(other.admin.organization.users.retrieve(self.ada))).id == self.ada
        assert (await it(admins.retrieve(second.id))).name == "second"
        assert second.id in await ids(admins.list())
        assert (await it(admins.delete(second.id))).deleted

    async def rules(self):
        """Each of them bites on the data plane, from the next call on."""
        here, projects = {"project_id": self.project}, self.projects
        models, tools = projects.model_permissions, projects.hosted_tool_permissions
        await it(models.update(self.project, mode="allow_list", model_ids=["gpt-4o-mini"]))
        assert (await it(models.retrieve(self.project))).mode == "allow_list"
        denied = openai.PermissionDeniedError
        await refused("a model", denied, lambda: self.ask(self.user))
        assert (await self.ask(self.user, model="gpt-4o-mini")).choices
        assert (await it(models.delete(self.project))).deleted
        off = await it(tools.update(self.project, web_search={"enabled": False}))
        assert not off.web_search.enabled
        assert not (await it(tools.retrieve(self.project))).web_search.enabled
        asked = {"model": "gpt-4o", "input": "hi", "tools": [{"type": "web_search"}]}
        await refused("a tool", denied, lambda: self.user.responses.create(**asked))

        rates, most = projects.rate_limits, 9_007_199_254_740_991
        first = (await every(rates.list_rate_limits(self.project, limit=1)))[0]
        assert first.max_requests_per_1_minute == most
        await it(rates.update_rate_limit("rl-gpt-4o", max_requests_per_1_minute=1, **here))
        await it(self.ask(self.user))
        slow = await refused("a rate", openai.RateLimitError, lambda: self.ask(self.user))
        assert slow.code == "rate_limit_exceeded"
        await it(rates.update_rate_limit("rl-gpt-4o", max_requests_per_1_minute=most, **here))

        cent = {"threshold_amount": 1, "currency": "USD", "interval": "month"}
        told = {**cent, "notification_channel": {"type": "email", "recipients": ["a@example.com"]}}
        for place, where in ((projects, here), (self.org, {})):
            limit, alerts = place.spend_limit, place.spend_alerts
            path = list(where.values())
            assert (await it(limit.update(*path, **cent))).threshold_amount == 1
            # A cent and a half of input alone.
            long = lambda: self.ask(self.user, text="word " * 6_000)
            dear = await refused("a limit", openai.RateLimitError, long)
            assert dear.type == "insufficient_quota", dear.type
            assert (await it(limit.retrieve(*path))).currency == "USD"
            assert (await it(limit.delete(*path))).deleted
            alert = (await it(alerts.create(*path, **told))).id
            more = {**told, "threshold_amount": 2}
            assert (await it(alerts.update(alert, **more, **where))).threshold_amount == 2
            assert (await it(alerts.retrieve(alert, **where))).id == alert
            assert alert in await ids(alerts.list(*path))
            assert (await it(alerts.delete(alert, **where))).deleted
            kept = place.data_retention
            before = (await it(kept.retrieve(*path))).type
            for kind in ("zero_data_retention", before):
                changed = await it(kept.update(*path, retention_type=kind))
                assert changed.type == kind
        assert (await self.ask(self.user)).choices

    async def reports(self):
        usage, start = self.org.usage, int(time.time()) - 86_400
        asked = {"start_time": start, "project_ids": [self.project]}
        until = time.monotonic() + 20
        calls = 0
        while calls < 5:
            assert time.monotonic() < until, calls
            page = await it(usage.completions(**asked, group_by=["model"], bucket_width="1d"))
            rows = [row for bucket in page.data for row in bucket.results]
            calls = sum(row.num_model_requests for row in rows)
        assert calls == 5 and {row.model for row in rows} == {"gpt-4o", "gpt-4o-mini"}, rows
        page = await it(usage.costs(**asked))
        rows = [row for bucket in page.data for row in bucket.results]
        assert sum(row.amount.value for row in rows) > 0
        for name in ("audio_speeches", "audio_transcriptions", "code_interpreter_sessions",
                     "embeddings", "file_search_calls", "images", "moderations", "vector_stores",
                     "web_search_calls"):
            page = await it(getattr(usage, name)(**asked))
            assert [row for bucket in page.data for row in bucket.results] == [], name

    async def audit(self):
        lines = await every(self.org.audit_logs.list(project_ids=[self.project], limit=100))
        types = {line.type for line in lines}
        told = {"project.created", "service_account.created", "api_key.created", "project.updated",
                "rate_limit.updated", "role.created"}
        assert told <= types, told - types
        assert all(line.actor.api_key.user.email for line in lines)

    async def certificates(self):
        mine, pem = self.org.certificates, os.environ[f"CERTIFICATE_{self.name}"]
        made = (await it(mine.create(certificate=pem, name="office"))).id
        assert (await it(mine.update(made, name="shop"))).name == "shop"
        found = await it(mine.retrieve(made, include=["content"]))
        assert found.certificate_details.content.split() == pem.split()
        assert made in await ids(mine.list())
        assert await ids(mine.activate(certificate_ids=[made])) == [made]
        theirs, wanted = self.projects.certificates, {"certificate_ids": [made]}
        assert await ids(theirs.activate(self.project, **wanted)) == [made]
        assert made in await ids(theirs.list(self.project))
        assert await ids(theirs.deactivate(self.project, **wanted)) == [made]
        assert await ids(mine.deactivate(certificate_ids=[made])) == [made]
        assert (await it(mine.delete(made))).id == made

    async def end(self):
        org, here = self.org, {"project_id": self.project}
        for roles, role, who in self.bonds():
            assert (await it(roles.delete(role_id=role, **who))).deleted
        assert (await it(self.projects.groups.delete(self.group, **here))).deleted
        assert (await it(self.projects.users.delete(self.ada, **here))).deleted
        assert (await it(self.projects.roles.delete(self.own_role, **here))).deleted
        assert (await it(org.roles.delete(self.role))).deleted
        assert (await it(org.groups.users.delete(self.ada, group_id=self.group))).deleted
        assert (await it(org.groups.delete(self.group))).deleted
        gone = self.projects.service_accounts.delete(self.account, **here)
        assert (await it(gone)).deleted
        dead = openai.AuthenticationError
        await refused("its key is dead", dead, lambda: self.ask(self.user))
        assert (await it(self.projects.archive(self.project))).status == "archived"
        assert (await it(org.users.delete(self.ada))).deleted
        newer = org.external_keys.retrieve
        await refused("not in the document", openai.NotFoundError, lambda: newer("key_1"))

    async def run(self):
        self.project = (await it(self.projects.create(name=f"shop {self.name}"))).id
        renamed = await it(self.projects.update(self.project, name="Shop"))
        assert renamed == await it(self.projects.retrieve(self.project))
        assert self.project in await ids(self.projects.list(limit=2))
        for chapter in (self.people, self.roles, self.keys, self.rules, self.reports, self.audit,
                        self.certificates, self.end):
            await chapter()
        all_of_them = set(methods(self.client.admin.organization, "organization"))
        missed = {name for name in all_of_them - self.used if not any(n in name for n in NEWER)}
        assert not missed, sorted(missed)
        say(self.name, len(all_of_them & self.used))


asyncio.run(Story(OpenAI, "SYNC").run())
asyncio.run(Story(AsyncOpenAI, "ASYNC").run())
