# The service in a container: docker build -t tirage . && docker run --init -p 8080:8080 -v tirage:/data tirage

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/tirage
WORKDIR /source
# The libraries first, at the locked versions and hashes: this layer is made again only when the lock changes.
COPY requirements.lock ./
RUN /opt/tirage/bin/pip install --require-hashes -r requirements.lock
# Building the package fetches the bundled fonts.
COPY pyproject.toml hatch_build.py README.md LICENSE NOTICE THIRD_PARTY_NOTICES.md ./
COPY build-fonts build-fonts
COPY src src
RUN /opt/tirage/bin/pip install --no-deps . \
    && /opt/tirage/bin/python -m compileall -q /opt/tirage/lib

FROM python:3.13-slim-bookworm
# The embedded PostgreSQL refuses to run as root, and nothing else here needs to be.
RUN groupadd --system --gid 10001 tirage \
    && useradd --system --uid 10001 --gid tirage --home-dir /data --shell /usr/sbin/nologin tirage \
    && install -d -m 700 -o tirage -g tirage /data
COPY --from=build /opt/tirage /opt/tirage
ENV PATH="/opt/tirage/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    TIRAGE_HOST=0.0.0.0 \
    TIRAGE_DATA_DIR=/data/service \
    TIRAGE_CACHE_DIR=/data/cache \
    TIRAGE_FONTS_DIR=/data/fonts \
    TIRAGE_LOG_FORMAT=json
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# The first start makes the database; /readyz says 503 while anything that is needed is away.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["tirage"]
CMD ["serve"]
