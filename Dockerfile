# syntax=docker/dockerfile:1
# Two stages: the build, by the same scripts that developers use, and an image with the binary and its libraries only.
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

FROM debian:12-slim
COPY scripts/bootstrap /tmp/bootstrap
RUN /tmp/bootstrap runtime && rm -rf /tmp/bootstrap /var/lib/apt/lists/* \
 && useradd --system --uid 7600 --home-dir /var/lib/ringside --create-home ringside \
 && install -d -o ringside -g ringside /run/ringside
COPY --from=build /src/build/release/ringside /usr/local/bin/ringside
USER ringside
WORKDIR /var/lib/ringside
# 7600: the local API; 7601: the other members.
EXPOSE 7600 7601
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["ringside", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ringside"]
CMD ["agent"]
