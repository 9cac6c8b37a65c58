# syntax=docker/dockerfile:1
# The gateway alone: no shell, no package manager, no PostgreSQL (give it DATABASE_URL).

FROM rust:1.95-bookworm AS build
WORKDIR /src
# What `torana --version` names; the history itself is not part of the context.
ARG TORANA_COMMIT="unknown commit"
ENV TORANA_COMMIT=${TORANA_COMMIT}
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin torana \
    && cp target/release/torana /torana \
    && mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Torana" \
      org.opencontainers.image.description="A webhook-driven risk gateway in front of OpenAlgo" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /torana /usr/local/bin/torana
COPY --from=build --chown=65532:65532 /data /var/lib/torana
# Paper mode: live needs TORANA_LIVE as well, on purpose not settable by building an image.
ENV TORANA_DATA=/var/lib/torana \
    TORANA__SERVER__LISTEN=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080
VOLUME ["/var/lib/torana"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["/usr/local/bin/torana", "health"]
ENTRYPOINT ["/usr/local/bin/torana"]
CMD ["serve"]
