"""Fax applications and numbers in the admin: mirrored, and given to teams."""

from applications.admin.applications import FaxApplicationAdmin, PendingApplicationAdmin
from applications.admin.base import refresh_each
from applications.admin.numbers import PhoneNumberAdmin

__all__ = ["FaxApplicationAdmin", "PendingApplicationAdmin", "PhoneNumberAdmin", "refresh_each"]
