"""The addresses that platforms call."""

from django.urls import path

from channels import views

urlpatterns = [
    path("webhooks/<slug:kind>/<slug:key>/", views.webhook, name="webhook"),
]
