# The nightly job as an image: no shell, no package manager, nobody's root, nothing to write to but /reports.
#
#     docker build --tag elevenlabs-secrets-audit .
#     docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges \
#         --volume "$PWD/config.toml:/etc/elevenlabs-secrets-audit/config.toml:ro" \
#         --volume "$PWD/elevenlabs-api-key:/etc/elevenlabs-secrets-audit/elevenlabs-api-key:ro" \
#         --volume elevenlabs-secrets-audit:/reports elevenlabs-secrets-audit
#
# The key's file must be readable for the group or user 65532 and for nobody else: chgrp 65532, chmod 0640.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
# Without the simulator, and with it --demo: what runs at night holds nothing that isn't for the night.
RUN cargo build --release --locked --no-default-features \
    && install -d -m 0750 /build/reports

# glibc, libgcc and the CA roots, of the same Debian as above.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/elevenlabs-secrets-audit /usr/bin/elevenlabs-secrets-audit
COPY --from=build --chown=65532:65532 /build/reports /reports
USER 65532:65532
VOLUME /reports
ENTRYPOINT ["/usr/bin/elevenlabs-secrets-audit"]
CMD ["audit", "--quiet", "--config", "/etc/elevenlabs-secrets-audit/config.toml", "--out", "/reports"]
