"""The HTTP face: requests come in, one function of the shop is called, JSON goes out.

`app.create_app` builds the application, `server` runs it. `guard` decides who may do what (`keys`, `session`,
`limits`), `middleware` surrounds each request, `problems` turns every error into one shape, `routes/` parse and
format, `shapes` and `views` say what goes out.
"""

from shopkeeper.api.app import create_app, openapi_schema

__all__ = ["create_app", "openapi_schema"]
