# One image for web, live, worker, scheduler and migrations; docker-compose.yml says which command each runs.
FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

FROM python:3.13-slim AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
# Without the embedded services and the tools for development.
RUN uv sync --frozen --no-default-groups --no-cache
COPY manage.py ./
COPY webcare webcare
COPY channels channels
COPY inbox inbox
COPY templates templates
COPY static static
COPY locale locale
# Values that settings.py asks for but that neither command uses; none of them ends up in the image.
RUN .venv/bin/python -m webcare.translations compile \
 && SECRET_KEY=build CREDENTIALS_KEY=build DATABASE_URL=postgresql://build/build REDIS_URL=redis://build/0 \
    .venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.13-slim
# For `manage.py backup` and `restore`: pg_dump must not be older than the server, and Debian's own is.
ARG POSTGRES_MAJOR=18
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
 && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
 && apt-get install --yes --no-install-recommends postgresql-client-${POSTGRES_MAJOR} \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin webcare \
 && install -d -o webcare -g webcare /data/media
WORKDIR /app
COPY --from=build /app /app
COPY deploy/probe.py deploy/probe.py
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=webcare.settings \
    MEDIA_ROOT=/data/media
USER webcare
VOLUME /data/media
EXPOSE 8000
# Room for idle kept-alive connections: at 1,024 granian falls silent.
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "2", "--backlog", "4096", "--backpressure", "2048", "--respawn-failed-workers", \
     "--workers-kill-timeout", "10", "webcare.wsgi:application"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "deploy/probe.py", "http", "8000"]
