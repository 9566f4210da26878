# syntax=docker/dockerfile:1
# The build, by the same scripts that developers use; the image with the binary and its libraries only, which is what
# `docker build` makes; and that with the demo app of config/compose, for trying things.
#
#   docker build -t ringside .
#   docker run --rm ringside agent --help

FROM debian:12-slim AS build
WORKDIR /src
# The packages first: they change less often than the sources, so their layer is kept.
COPY scripts/bootstrap scripts/bootstrap
RUN scripts/bootstrap build
COPY . .
RUN cmake --preset release -DRINGSIDE_TESTS=OFF && cmake --build build/release --target ringside && strip build/release/ringside

FROM debian:12-slim AS runtime
COPY scripts/bootstrap /tmp/bootstrap
# Volumes mounted on these folders belong to the user that runs here.
RUN /tmp/bootstrap runtime && rm -rf /tmp/bootstrap /var/lib/apt/lists/* \
 && useradd --system --uid 7600 --home-dir /var/lib/ringside --create-home ringside \
 && install -d -o ringside -g ringside /run/ringside /run/keys
COPY --from=build /src/build/release/ringside /usr/local/bin/ringside
USER ringside
WORKDIR /var/lib/ringside
# What a member keeps over a restart, and over its container when the volume is named: the others' addresses, its keys.
ENV RINGSIDE_NODE_DATA_DIR=/var/lib/ringside
VOLUME /var/lib/ringside
# 7600: the local API; 7601: the other members.
EXPOSE 7600 7601
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["ringside", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ringside"]
CMD ["agent"]

FROM runtime AS demo
USER root
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
COPY config/compose/app.py /demo/app.py
USER ringside

FROM runtime
