"""The built-in roles of a database get the privileges that a newer program brings, and keep what was taken."""

import pytest

from serversync.crm import roles
from serversync.crm.models import BusinessUnit, Role, RolePrivileges, SystemUser, SystemUserRoles
from serversync.crm.privileges import BUILT_IN, SALESPERSON, Depth, Privilege

pytestmark = pytest.mark.django_db


def depths_of(name: str) -> dict[str, int]:
    rows = RolePrivileges.objects.filter(roleid__name=name)
    return dict(rows.values_list("privilegename", "privilegedepthmask"))


def forget(*privileges: Privilege) -> None:
    """Make the database one of a release that did not know these yet."""
    RolePrivileges.objects.filter(privilegename__in=[one.value for one in privileges]).delete()


def test_a_new_database_has_every_built_in_role_with_its_privileges() -> None:
    for role in BUILT_IN:
        assert depths_of(role.name) == {name.value: int(depth) for name, depth in role.privileges.items()}


def test_roles_of_an_older_database_get_new_privileges() -> None:
    forget(Privilege.READ_CONTACT, Privilege.WRITE_ACTIVITY)
    assert roles.bring_up_to_date() == ["prvReadContact", "prvWriteActivity"]
    test_a_new_database_has_every_built_in_role_with_its_privileges()


def test_nothing_is_done_twice() -> None:
    before = list(RolePrivileges.objects.order_by("pk").values_list("pk", flat=True))
    assert roles.bring_up_to_date() == []
    assert list(RolePrivileges.objects.order_by("pk").values_list("pk", flat=True)) == before


def test_what_was_taken_from_a_role_or_changed_stays_so() -> None:
    of_sales = RolePrivileges.objects.filter(roleid__roletemplateid=SALESPERSON.template)
    of_sales.filter(privilegename="prvReadContact").delete()
    of_sales.filter(privilegename="prvReadAccount").update(privilegedepthmask=Depth.USER)
    forget(Privilege.SEND_AS_USER)
    roles.bring_up_to_date()
    found = depths_of("Salesperson")
    assert "prvReadContact" not in found
    assert found["prvReadAccount"] == Depth.USER


def test_a_role_of_the_companys_own_gets_nothing_by_itself() -> None:
    Role.objects.create(name="Help desk")
    forget(Privilege.READ_CONTACT)
    roles.bring_up_to_date()
    assert depths_of("Help desk") == {}


def test_users_who_are_older_than_the_roles_keep_what_they_could_do() -> None:
    dora, ada = SystemUser.objects.create_superuser("dora"), SystemUser.objects.create_user("ada")
    SystemUserRoles.objects.all().delete()
    Role.objects.all().delete()
    BusinessUnit.objects.all().delete()
    roles.bring_up_to_date()
    of = dict(SystemUserRoles.objects.values_list("systemuserid", "roleid__name"))
    assert of == {dora.pk: "System Administrator", ada.pk: "Salesperson"}
