"""The administration client. Every answer is held against the SDK's own shapes."""

import os
import time

import openai
from openai import OpenAI

from transcript import fails, say

client = OpenAI(_strict_response_validation=True)
organization = client.admin.organization
projects = organization.projects


def secret(value):
    """Hands a secret to the test, which looks for it in everything the gateway wrote."""
    assert value.startswith("sk-")
    print('{"plant": "%s"}' % value, flush=True)
    return value


def holder(key):
    return OpenAI(api_key=key, max_retries=0)


def ask(client):
    messages = [{"role": "user", "content": "hi there"}]
    return client.chat.completions.create(model="gpt-4o", messages=messages)


def the_projects():
    made = [projects.create(name=f"project {count}") for count in range(45)]
    assert len({project.id for project in made}) == 45
    first = made[0]
    assert first.object == "organization.project" and first.status == "active"
    assert projects.retrieve(first.id) == first
    assert projects.update(first.id, name="renamed").name == "renamed"
    listed = [project.id for project in projects.list(limit=10)]
    assert len(listed) == len(set(listed)) >= 46, len(listed)
    assert {project.id for project in made} <= set(listed)
    page = projects.list(limit=20)
    assert page.has_next_page() and len(page.data) == 20
    archived = projects.archive(first.id)
    assert archived.status == "archived" and archived.archived_at
    assert first.id not in [project.id for project in projects.list(limit=100)]
    kept = [project.id for project in projects.list(limit=100, include_archived=True)]
    assert first.id in kept
    error = fails("no project", lambda: projects.retrieve("proj_0123456789abcdef"))
    assert type(error) is openai.NotFoundError
    error = fails("no name", lambda: projects.create(name=""), "param")
    assert type(error) is openai.BadRequestError and error.param == "name"
    return made[1]


def service_accounts(project):
    accounts = projects.service_accounts
    made = accounts.create(project.id, name="robot")
    key = secret(made.api_key.value)
    assert ask(holder(key)).choices[0].message.content
    assert [one.id for one in accounts.list(project.id)] == [made.id]
    found = accounts.retrieve(made.id, project_id=project.id)
    assert found.name == "robot"
    second = accounts.api_keys.create(made.id, project_id=project.id, name="second")
    assert ask(holder(secret(second.value))).choices
    gone = accounts.delete(made.id, project_id=project.id)
    assert gone.deleted and gone.id == made.id
    assert list(accounts.list(project.id)) == []
    error = fails("robot is gone", lambda: ask(holder(key)))
    assert type(error) is openai.AuthenticationError


def project_keys(project):
    keys = projects.api_keys
    account = projects.service_accounts.create(project.id, name="owner")
    value = secret(account.api_key.value)
    listed = list(keys.list(project.id, limit=1))
    assert account.api_key.id in [key.id for key in listed]
    found = keys.retrieve(account.api_key.id, project_id=project.id)
    assert value not in found.to_json() and found.redacted_value
    assert found.owner.service_account.id == account.id
    error = fails("account's key", lambda: keys.delete(found.id, project_id=project.id))
    assert type(error) is openai.BadRequestError
    assert ask(holder(value)).choices

    own = {"project_id": os.environ["DOOMED_PROJECT"]}
    doomed = keys.retrieve(os.environ["DOOMED_ID"], **own)
    user = holder(os.environ["DOOMED_KEY"])
    assert keys.update(doomed.id, scopes=["api.all.read"], **own).id == doomed.id
    error = fails("reads models", lambda: ask(user))
    assert type(error) is openai.AuthenticationError
    assert list(user.models.list())
    keys.update(doomed.id, scopes=["api.model.request"], expires_in_seconds=3600, **own)
    assert ask(user).choices
    error = fails("restricted", lambda: user.files.list())
    assert type(error) is openai.AuthenticationError
    keys.update(doomed.id, scopes=[], **own)
    assert list(user.files.list()) == []
    assert keys.delete(doomed.id, **own).deleted
    error = fails("key is gone", lambda: ask(user))
    assert type(error) is openai.AuthenticationError
    error = fails("no key", lambda: keys.retrieve("key_0123456789", project_id=project.id))
    assert type(error) is openai.NotFoundError


def admin_keys():
    keys = organization.admin_api_keys
    made = keys.create(name="second", expires_in_seconds=3600)
    value = secret(made.value)
    second = OpenAI(admin_api_key=value, max_retries=0)
    assert list(second.admin.organization.projects.list(limit=100))
    assert made.id in [key.id for key in keys.list(limit=1)]
    assert keys.retrieve(made.id).name == "second"
    assert keys.delete(made.id).deleted
    error = fails("admin key is gone", lambda: second.admin.organization.projects.list())
    assert type(error) is openai.AuthenticationError
    error = fails("not an admin", lambda: OpenAI(
        admin_api_key=os.environ["OPENAI_API_KEY"]
    ).admin.organization.projects.list())
    fails("admin key on a model", lambda: ask(holder(os.environ["OPENAI_ADMIN_KEY"])))


def usage(project):
    account = projects.service_accounts.create(project.id, name="user")
    user = holder(secret(account.api_key.value))
    asked = [ask(user).usage for _ in range(3)]
    start = int(time.time()) - 86_400
    until = time.monotonic() + 20
    while True:
        pages = organization.usage.completions(
            start_time=start, bucket_width="1d", project_ids=[project.id],
            group_by=["project_id", "model"],
        )
        results = [result for bucket in pages.data for result in bucket.results]
        if sum(result.num_model_requests for result in results) == 3:
            break
        assert time.monotonic() < until, results
        time.sleep(0.02)
    assert sum(result.input_tokens for result in results) == sum(u.prompt_tokens for u in asked)
    said = sum(u.completion_tokens for u in asked)
    assert sum(result.output_tokens for result in results) == said
    assert {(r.project_id, r.model) for r in results} == {(project.id, "gpt-4o")}


def rules(project):
    """What a project may use: it bites on the data plane, and the audit log tells of it."""
    account = projects.service_accounts.create(project.id, name="ruled")
    user = holder(secret(account.api_key.value))
    models = projects.model_permissions
    assert models.retrieve(project.id).api_model_ids == []
    denied = models.update(project.id, mode="deny_list", model_ids=["gpt-4o"])
    assert (denied.mode, denied.api_model_ids) == ("deny_list", ["gpt-4o"])
    error = fails("denied model", lambda: ask(user))
    assert type(error) is openai.PermissionDeniedError
    assert models.delete(project.id).deleted
    assert ask(user).choices

    tools = projects.hosted_tool_permissions
    assert tools.retrieve(project.id).web_search.enabled
    off = tools.update(project.id, web_search={"enabled": False})
    assert not off.web_search.enabled and off.mcp.enabled
    error = fails("denied tool", lambda: user.responses.create(
        model="gpt-4o", input="hi", tools=[{"type": "web_search"}]
    ))
    assert type(error) is openai.PermissionDeniedError
    kept = projects.data_retention
    assert kept.retrieve(project.id).type == "organization_default"
    assert kept.update(project.id, retention_type="none").type == "none"
    of_all = organization.data_retention
    before = of_all.retrieve().type
    assert of_all.update(retention_type="enhanced_zero_data_retention").type != before
    assert of_all.update(retention_type=before).type == before

    logs = organization.audit_logs
    listed = list(logs.list(project_ids=[project.id], limit=2))
    assert len({line.id for line in listed}) == len(listed)
    types = [line.type for line in reversed(listed)]
    assert types == ["project.created", "service_account.created", "api_key.created"] + [
        "project.updated"
    ] * 4, types
    updated = list(logs.list(project_ids=[project.id], event_types=["project.updated"]))
    assert [line.id for line in updated] == [line.id for line in listed[:4]]
    assert all(line.project.id == project.id for line in listed)
    assert all(line.actor.api_key.user.email for line in listed)
    newer = logs.list(project_ids=[project.id], before=listed[1].id)
    assert [line.id for line in newer.data] == [listed[0].id]
    made = listed[-1].effective_at
    assert list(logs.list(project_ids=[project.id], effective_at={"lt": made})) == []
    since = logs.list(project_ids=[project.id], effective_at={"gte": made}, limit=100)
    assert len(since.data) == len(listed)
    error = fails("no such event", lambda: logs.list(event_types=["project.exploded"]))
    assert type(error) is openai.BadRequestError


project = the_projects()
rules(projects.create(name="ruled"))
service_accounts(project)
project_keys(project)
admin_keys()
usage(projects.create(name="measured"))
say("done")
