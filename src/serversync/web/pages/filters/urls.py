"""The addresses of synchronization filters: those of users, and the organization's templates."""

from django.urls import path

from serversync.web.pages.filters import templates, views

urlpatterns = [
    path("", views.own, name="filters"),
    path("of/<uuid:systemuserid>/", views.listing, name="user-filters"),
    path("of/<uuid:systemuserid>/new/<kind>/", views.new, name="user-filter-new"),
    path("of/<uuid:systemuserid>/reset/", views.reset, name="user-filters-reset"),
    path("<uuid:userqueryid>/", views.detail, name="user-filter"),
    path("<uuid:userqueryid>/<word>/", views.act, name="user-filter-act"),
    path("organization/", templates.listing, name="filter-templates"),
    path("organization/new/<kind>/", templates.new, name="filter-template-new"),
    path("organization/apply/", templates.apply, name="filter-templates-apply"),
    path("organization/<uuid:savedqueryid>/", templates.detail, name="filter-template"),
    path("organization/<uuid:savedqueryid>/<word>/", templates.act, name="filter-template-act"),
]
