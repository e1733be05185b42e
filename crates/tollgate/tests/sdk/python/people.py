"""People, groups and roles. Every answer is held against the SDK's own shapes."""

import os

import openai
from openai import OpenAI

from transcript import fails, say

client = OpenAI(_strict_response_validation=True)
organization = client.admin.organization
projects = organization.projects


def accepted(email, role):
    """What the invited person does, by our own path."""
    invite = organization.invites.create(email=email, role=role, projects=[])
    assert invite.status == "pending" and invite.projects == []
    path = f"/../tollgate/v1/invites/{invite.id}/accept"
    url = str(client.base_url).removesuffix("/v1/") + path.removeprefix("/..")
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_ADMIN_KEY']}"}
    user = client.post(url, cast_to=dict, body={}, options={"headers": headers})
    assert organization.invites.retrieve(invite.id).status == "accepted"
    error = fails("accepted", lambda: organization.invites.delete(invite.id))
    assert type(error) is openai.ConflictError
    return user["id"]


def the_invites(project):
    invite = organization.invites.create(
        email="eve@example.com", role="reader", projects=[{"id": project.id, "role": "owner"}]
    )
    assert [(one.id, one.role) for one in invite.projects] == [(project.id, "owner")]
    assert invite.id in [one.id for one in organization.invites.list(limit=1)]
    assert organization.invites.delete(invite.id).deleted
    error = fails("no invite", lambda: organization.invites.retrieve(invite.id))
    assert type(error) is openai.NotFoundError


def the_users(ada, project):
    users = organization.users
    assert ada in [user.id for user in users.list(limit=1)]
    assert [user.id for user in users.list(emails=["ada@example.com"])] == [ada]
    assert users.update(ada, role="owner").role == "owner"
    assert users.update(ada, role="reader").role == users.retrieve(ada).role == "reader"
    here = {"project_id": project.id}
    added = projects.users.create(user_id=ada, role="member", **here)
    assert added.object == "organization.project.user" and added.role == "member"
    assert projects.users.update(ada, role="owner", **here).role == "owner"
    assert [user.id for user in projects.users.list(project.id)] == [ada]
    assert projects.users.retrieve(ada, **here).email == "ada@example.com"


def the_roles(ada, project):
    permissions = ["api.groups.read", "api.groups.write"]
    group = organization.groups.create(name="Support")
    assert organization.groups.update(group.id, name="Help").name == "Help"
    assert organization.groups.users.create(group.id, user_id=ada).user_id == ada
    assert [user.id for user in organization.groups.users.list(group.id)] == [ada]
    assert organization.groups.users.retrieve(ada, group_id=group.id).id == ada

    role = organization.roles.create(role_name="Manager", permissions=permissions)
    changed = organization.roles.update(role.id, description="manages")
    assert changed.permissions == permissions and not changed.predefined_role
    listed = [one.name for one in organization.roles.list(limit=1)]
    assert listed == ["owner", "reader", "Manager"], listed
    places = [
        (organization.users.roles, {"user_id": ada}),
        (organization.groups.roles, {"group_id": group.id}),
    ]
    assigned(role, places)
    assert organization.roles.delete(role.id).deleted

    here = {"project_id": project.id}
    role = projects.roles.create(role_name="Manager", permissions=permissions, **here)
    assert role.resource_type == "api.project"
    assert projects.roles.retrieve(role.id, **here) == role
    added = projects.groups.create(group_id=group.id, role="role-api-project-viewer", **here)
    assert added.group_name == "Help"
    assert [one.group_id for one in projects.groups.list(project.id)] == [group.id]
    assert projects.groups.retrieve(group.id, **here) == added
    places = [
        (projects.users.roles, {"user_id": ada, **here}),
        (projects.groups.roles, {"group_id": group.id, **here}),
    ]
    assigned(role, places)
    assert projects.groups.delete(group.id, **here).deleted
    assert projects.roles.delete(role.id, **here).deleted
    assert organization.groups.users.delete(ada, group_id=group.id).deleted
    assert organization.groups.delete(group.id).deleted


def assigned(role, places):
    for roles, who in places:
        assert roles.create(role_id=role.id, **who).role.id == role.id
        assert role.id in [one.id for one in roles.list(limit=1, **who)]
        assert roles.retrieve(role_id=role.id, **who).id == role.id
        assert roles.delete(role_id=role.id, **who).deleted
        error = fails("not assigned", lambda: roles.retrieve(role_id=role.id, **who))
        assert type(error) is openai.NotFoundError


def less(ada):
    """A key that may only see people."""
    made = organization.admin_api_keys.create(
        name="few", extra_body={"scopes": ["api.organization.users.read"]}
    )
    print('{"plant": "%s"}' % made.value, flush=True)
    few = OpenAI(admin_api_key=made.value, max_retries=0).admin.organization
    assert few.users.retrieve(ada).id == ada
    error = fails("sees no roles", lambda: few.roles.list())
    assert type(error) is openai.AuthenticationError
    error = fails("changes nobody", lambda: few.users.update(ada, role="owner"))
    assert type(error) is openai.AuthenticationError


project = projects.create(name="people")
ada = accepted("ada@example.com", "reader")
the_invites(project)
the_users(ada, project)
the_roles(ada, project)
less(ada)
assert projects.users.delete(ada, project_id=project.id).deleted
assert organization.users.delete(ada).deleted
owner = next(iter(organization.users.list()))
error = fails("the last owner", lambda: organization.users.delete(owner.id))
assert type(error) is openai.ConflictError
say("done")
