"""The three postal addresses that contacts have, and accounts and leads in part.

``address1`` is the mailing or business address, ``address2`` the home address, ``address3`` the other one.
"""

from django.db import models

from serversync.crm.models.columns import string


class Address1(models.Model):
    """Mailing or business address."""

    address1_name = string(200)
    address1_line1 = string(250)
    address1_line2 = string(250)
    address1_line3 = string(250)
    address1_postofficebox = string(20)
    address1_city = string(80)
    address1_county = string(50)
    address1_stateorprovince = string(50)
    address1_postalcode = string(20)
    address1_country = string(80)

    class Meta:
        """Has no table of its own."""

        abstract = True


class Address2(models.Model):
    """Home address."""

    address2_name = string(200)
    address2_line1 = string(250)
    address2_line2 = string(250)
    address2_line3 = string(250)
    address2_postofficebox = string(20)
    address2_city = string(80)
    address2_county = string(50)
    address2_stateorprovince = string(50)
    address2_postalcode = string(20)
    address2_country = string(80)

    class Meta:
        """Has no table of its own."""

        abstract = True


class Address3(models.Model):
    """Other address."""

    address3_name = string(200)
    address3_line1 = string(250)
    address3_line2 = string(250)
    address3_line3 = string(250)
    address3_postofficebox = string(20)
    address3_city = string(80)
    address3_county = string(50)
    address3_stateorprovince = string(50)
    address3_postalcode = string(20)
    address3_country = string(80)

    class Meta:
        """Has no table of its own."""

        abstract = True
